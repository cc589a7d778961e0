import { useMemo } from "react";
import { type Piece, piecesOf } from "@/lib/text-pieces";
import { characterAt, indexOfLineColumn } from "@/lib/text-position";
import { LongText } from "./long-text";
import styles from "./result.module.css";
import { VisibleText } from "./visible-text";

interface Props {
  text: string;
  label: string;
  /** Prose: proportional font and soft wrapping. */
  prose?: boolean;
  /** Where parsing stopped; marked, and brought into sight. */
  mark?: { line: number; column: number } | null;
}

/** The text, unchanged. */
export function RawView({ text, label, prose = false, mark = null }: Props) {
  const markIndex = mark === null ? null : indexOfLineColumn(text, mark.line, mark.column);
  const pieces = useMemo(() => piecesOf(text), [text]);
  const marked =
    markIndex === null ? null : pieces.findIndex(({ from, next }) => from <= markIndex && markIndex < next);
  // Parsing may have stopped at the very end.
  const target = marked === -1 ? pieces.length - 1 : marked;
  return (
    <LongText
      label={label}
      prose={prose}
      count={pieces.length}
      target={target}
      height={(index) => pieces[index]?.lines ?? 1}
      line={(index) => {
        const piece = pieces[index];
        if (piece === undefined) return null;
        return <OnePiece text={text} piece={piece} markIndex={index === target ? markIndex : null} />;
      }}
    />
  );
}

function OnePiece({ text, piece, markIndex }: { text: string; piece: Piece; markIndex: number | null }) {
  const { from, to, isCut } = piece;
  const stopped = markIndex === null ? "" : characterAt(text, markIndex);
  return (
    <>
      {markIndex === null ? (
        <VisibleText text={text.slice(from, to)} />
      ) : (
        <>
          <VisibleText text={text.slice(from, markIndex)} />
          <mark className={styles["stopped"]} title="Parsing stopped here">
            {markIndex >= text.length ? "⟨end⟩" : <Marked text={stopped} />}
          </mark>
          <VisibleText text={text.slice(markIndex + stopped.length, to)} />
        </>
      )}
      {isCut && <span className={styles["left"]}> ⤶ the line goes on</span>}
    </>
  );
}

function Marked({ text }: { text: string }) {
  if (text === "\n") return "↵\n";
  if (text === " ") return "␠";
  return <VisibleText text={text} />;
}
