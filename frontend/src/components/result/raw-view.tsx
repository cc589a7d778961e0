import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { characterAt, indexOfLineColumn } from "@/lib/text-position";
import styles from "./result.module.css";
import { ScrollBox } from "./scroll-box";
import { VisibleText } from "./visible-text";

const SHOWN_AT_ONCE = 50_000;

interface Props {
  text: string;
  label: string;
  /** Prose: proportional font and soft wrapping. */
  prose?: boolean;
  /** Where parsing stopped; marked. */
  mark?: { line: number; column: number } | null;
}

/** The text, unchanged. Of a long text a part is shown, around the mark if there is one. */
export function RawView({ text, label, prose = false, mark = null }: Props) {
  const [whole, setWhole] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const marked = useRef<HTMLElement>(null);
  const markIndex = mark === null ? null : indexOfLineColumn(text, mark.line, mark.column);
  const { from, to } = shownPart(text.length, whole ? text.length : SHOWN_AT_ONCE, markIndex);

  useEffect(() => {
    // Scroll only the box: the page must not jump when a result arrives.
    if (markIndex !== null && box.current && marked.current) {
      box.current.scrollTop = marked.current.offsetTop - box.current.clientHeight / 2;
    }
  }, [markIndex]);

  return (
    <>
      <ScrollBox label={label} prose={prose} box={box}>
        {from > 0 && <Left characters={from} where="before" />}
        {markIndex === null ? (
          <VisibleText text={text.slice(from, to)} />
        ) : (
          <>
            <VisibleText text={text.slice(from, markIndex)} />
            <mark ref={marked} className={styles["stopped"]} title="Parsing stopped here">
              {markIndex >= text.length ? "⟨end⟩" : <Marked text={characterAt(text, markIndex)} />}
            </mark>
            <VisibleText text={text.slice(markIndex + characterAt(text, markIndex).length, to)} />
          </>
        )}
        {to < text.length && <Left characters={text.length - to} where="after" />}
      </ScrollBox>
      {to - from < text.length && (
        <p className={styles["cut"]}>
          Showing {(to - from).toLocaleString("en")} of {text.length.toLocaleString("en")} characters.
          <Button variant="subtle" size="compact-sm" onClick={() => setWhole(true)}>
            Show all
          </Button>
        </p>
      )}
    </>
  );
}

function Marked({ text }: { text: string }) {
  if (text === "\n") return "↵\n";
  if (text === " ") return "␠";
  return <VisibleText text={text} />;
}

function Left({ characters, where }: { characters: number; where: string }) {
  return (
    <span className={styles["left"]}>
      … {characters.toLocaleString("en")} characters {where} …
    </span>
  );
}

function shownPart(length: number, size: number, around: number | null): { from: number; to: number } {
  if (length <= size) return { from: 0, to: length };
  const from = Math.max(0, Math.min((around ?? 0) - size / 2, length - size));
  return { from: Math.floor(from), to: Math.floor(from) + size };
}
