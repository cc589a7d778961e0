import { CloseButton, Kbd, TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { SEARCH_FIELD } from "@/lib/focus";
import { LONGEST_SEARCH } from "./search";

const PAUSE_MS = 250;

interface Props {
  value: string;
  onChange: (value: string) => void;
  /** Why the server cannot read the search. */
  error: string | null;
}

/** Searches when typing pauses. If the URL changes elsewhere, its value replaces what was typed. */
export function SearchField({ value, onChange, error }: Props) {
  const [typed, setTyped] = useState(value);
  const sent = useRef(value);
  const narrow = useMediaQuery("(max-width: 47.99em)", undefined, { getInitialValueInEffect: false });

  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      setTyped(value);
    }
  }, [value]);

  useEffect(() => {
    if (typed === sent.current) return undefined;
    const timer = setTimeout(() => {
      sent.current = typed;
      onChange(typed);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, onChange]);

  return (
    <TextInput
      id={SEARCH_FIELD}
      type="search"
      maxLength={LONGEST_SEARCH}
      aria-label="Search jobs"
      placeholder={narrow ? "Search" : "Words, status:failed, error:…, created:<2h"}
      error={error}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        if (typed === "") event.currentTarget.blur();
        else setTyped("");
      }}
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={
        typed === "" ? (
          <Kbd size="xs" aria-hidden visibleFrom="sm">
            /
          </Kbd>
        ) : (
          <CloseButton size="sm" aria-label="Clear the search" onClick={() => setTyped("")} />
        )
      }
    />
  );
}
