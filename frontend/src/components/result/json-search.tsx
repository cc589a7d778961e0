import { ActionIcon, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconSearch } from "@tabler/icons-react";
import { useDeferredValue, useEffect, useMemo, useState } from "react";
import type { JsonLine } from "@/lib/json-layout";
import styles from "./result.module.css";

interface Props {
  text: string;
  lines: readonly JsonLine[];
  complete: boolean;
  /** The line to show; null: none is sought. */
  onHit: (line: number | null) => void;
}

/** Finds text in lines that may not be drawn, where the browser's own search cannot. */
export function JsonSearch({ text, lines, complete, onHit }: Props) {
  const [typed, setTyped] = useState("");
  const sought = useDeferredValue(typed);
  const [current, setCurrent] = useState(0);
  const lower = useMemo(() => (sought === "" ? "" : text.toLowerCase()), [text, sought]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same array grows until it is complete
  const hits = useMemo(() => linesWith(lower, sought.toLowerCase(), lines), [lower, sought, lines, complete]);
  const hit = hits[current] ?? null;
  useEffect(() => onHit(hit), [hit, onHit]);

  const go = (by: number) => setCurrent((now) => (now + by + hits.length) % Math.max(1, hits.length));
  return (
    <div role="search" className={styles["search"]}>
      <TextInput
        size="xs"
        aria-label="Find in the JSON"
        placeholder="Find"
        leftSection={<IconSearch size={14} aria-hidden />}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setCurrent(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
          if (event.key === "Escape" && typed !== "") {
            event.stopPropagation();
            setTyped("");
          }
        }}
      />
      <span role="status" className={styles["hits"]}>
        {sought !== "" &&
          (hits.length === 0 ? "Not found" : `Line ${current + 1} of ${hits.length.toLocaleString("en")}`)}
      </span>
      {hits.length > 1 && (
        <>
          <ActionIcon variant="subtle" color="gray" aria-label="Previous" onClick={() => go(-1)}>
            <IconChevronUp size={16} aria-hidden />
          </ActionIcon>
          <ActionIcon variant="subtle" color="gray" aria-label="Next" onClick={() => go(1)}>
            <IconChevronDown size={16} aria-hidden />
          </ActionIcon>
        </>
      )}
    </div>
  );
}

/** The numbers of the lines that contain the text; lines and hits both ascend. */
function linesWith(text: string, sought: string, lines: readonly JsonLine[]): number[] {
  const found: number[] = [];
  if (sought === "") return found;
  let at = text.indexOf(sought);
  for (let line = 0; line < lines.length && at >= 0; line += 1) {
    const end = lines[line]?.to ?? 0;
    if (at >= end) continue;
    found.push(line);
    at = text.indexOf(sought, end);
  }
  return found;
}
