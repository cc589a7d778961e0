import { memo, useCallback, useMemo, useState } from "react";
import { tokensOf } from "@/lib/json-layout";
import { JsonSearch } from "./json-search";
import { LongText } from "./long-text";
import styles from "./result.module.css";
import { useJsonLines } from "./use-json-lines";
import { VisibleText } from "./visible-text";

const STRING_AT_MOST = 10_000;
// Deeper indentation would only move the text out of sight.
const INDENT_AT_MOST = 40;
/** A shorter text is seen at a glance. */
const SEARCHED_FROM = 25;

/** Formatted JSON, to be folded and searched. Nothing is parsed to values, so big numbers stay exact. */
export function JsonView({ text, label }: { text: string; label: string }) {
  const { lines, closes, complete } = useJsonLines(text);
  const [folded, setFolded] = useState<ReadonlySet<number>>(NONE);
  const [hit, setHit] = useState<number | null>(null);
  const count = lines.length;
  // The numbers of the lines that are not inside a folded one.
  const shown = useMemo(() => unfolded(count, closes, folded), [count, closes, folded]);

  const toggle = useCallback((line: number) => {
    setFolded((before) => {
      const after = new Set(before);
      if (!after.delete(line)) after.add(line);
      return after;
    });
  }, []);
  const goTo = useCallback(
    (line: number | null) => {
      setHit(line);
      if (line === null) return;
      setFolded((before) => {
        const around = [...before].filter((one) => one < line && line <= (closes.get(one) ?? 0));
        return around.length === 0 ? before : new Set([...before].filter((one) => !around.includes(one)));
      });
    },
    [closes],
  );

  return (
    <>
      {count >= SEARCHED_FROM && <JsonSearch text={text} lines={lines} complete={complete} onHit={goTo} />}
      <LongText
        label={label}
        count={shown.length}
        target={hit === null ? null : indexOf(shown, hit)}
        line={(index) => {
          const number = shown[index] ?? 0;
          const { from = 0, to = 0, depth = 0 } = lines[number] ?? {};
          const end = closes.get(number);
          const last = end === undefined ? undefined : lines[end];
          return (
            <JsonLine
              number={number}
              text={text.slice(from, to)}
              depth={depth}
              end={folded.has(number) && last ? text.slice(last.from, last.to) : null}
              folds={end !== undefined}
              isHit={number === hit}
              onToggle={toggle}
            />
          );
        }}
      />
    </>
  );
}

const NONE: ReadonlySet<number> = new Set();

function unfolded(
  count: number,
  closes: ReadonlyMap<number, number>,
  folded: ReadonlySet<number>,
): readonly number[] {
  const shown: number[] = [];
  for (let line = 0; line < count; line += 1) {
    shown.push(line);
    if (folded.has(line)) line = closes.get(line) ?? line;
  }
  return shown;
}

/** By halving: the numbers ascend. */
function indexOf(numbers: readonly number[], wanted: number): number {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface LineProps {
  number: number;
  text: string;
  depth: number;
  /** The line's end, if what lies between is folded. */
  end: string | null;
  folds: boolean;
  isHit: boolean;
  onToggle: (line: number) => void;
}

const JsonLine = memo(function JsonLine({ number, text, depth, end, folds, isHit, onToggle }: LineProps) {
  return (
    <span className={styles["hitLine"]} data-hit={isHit || undefined}>
      {folds ? (
        <button
          type="button"
          className={styles["fold"]}
          aria-expanded={end === null}
          aria-label={`Lines from ${number + 1}`}
          onClick={() => onToggle(number)}
        />
      ) : (
        <span className={styles["fold"]} />
      )}
      {"  ".repeat(Math.min(depth, INDENT_AT_MOST))}
      <Tokens text={text} />
      {end !== null && (
        <>
          <span className={styles["left"]}> … </span>
          <Tokens text={end} />
        </>
      )}
    </span>
  );
});

function Tokens({ text }: { text: string }) {
  return tokensOf(text).map((token, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no identity but their position
    <span key={index} className={styles[token.kind]}>
      <VisibleText text={shortened(token.text)} />
    </span>
  ));
}

function shortened(text: string): string {
  if (text.length <= STRING_AT_MOST) return text;
  const rest = text.length - STRING_AT_MOST;
  return `${text.slice(0, STRING_AT_MOST)} … (${rest.toLocaleString("en")} more ${rest === 1 ? "character" : "characters"}: see Raw)`;
}
