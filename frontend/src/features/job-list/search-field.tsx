import { CloseButton, Kbd, TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { SEARCH_FIELD } from "@/lib/focus";
import { useTypedUntilPause } from "@/lib/use-typed";
import { LONGEST_SEARCH } from "./search";

interface Props {
  value: string;
  onChange: (value: string) => void;
  /** Why the server cannot read the search. */
  error: string | null;
}

export function SearchField({ value, onChange, error }: Props) {
  const { typed, setTyped } = useTypedUntilPause(value, onChange);
  const narrow = useMediaQuery("(max-width: 47.99em)", undefined, { getInitialValueInEffect: false });

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
