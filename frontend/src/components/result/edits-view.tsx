import { indexOfCodePoint } from "@/lib/text-position";
import styles from "./result.module.css";
import type { ResultEdit } from "./types";
import { VisibleText } from "./visible-text";

const SHOWN = 200;
const CONTEXT = 24;

/** The edits of a repair, one line each, with some context. */
export function EditsView({ raw, edits }: { raw: string; edits: readonly ResultEdit[] }) {
  if (edits.length === 0) return <p className={styles["cut"]}>The repair has no list of edits.</p>;
  return (
    <>
      <ol className={styles["edits"]}>
        {edits.slice(0, SHOWN).map((edit) => (
          <Edit key={`${edit.position}:${edit.before}:${edit.after}`} raw={raw} edit={edit} />
        ))}
      </ol>
      {edits.length > SHOWN && (
        <p className={styles["cut"]}>
          … and {(edits.length - SHOWN).toLocaleString("en")} more{" "}
          {edits.length - SHOWN === 1 ? "edit" : "edits"}.
        </p>
      )}
    </>
  );
}

function Edit({ raw, edit }: { raw: string; edit: ResultEdit }) {
  const index = indexOfCodePoint(raw, edit.position);
  const end = (index ?? 0) + edit.before.length;
  return (
    <li className={styles["edit"]}>
      <span className={styles["editWhat"]}>
        {wordFor(edit)} at character {(edit.position + 1).toLocaleString("en")}
      </span>
      <code className={styles["editText"]}>
        {index !== null && (
          <VisibleText
            text={`${index > CONTEXT ? "…" : ""}${raw.slice(Math.max(0, index - CONTEXT), index)}`}
          />
        )}
        {edit.before !== "" && (
          <del className={styles["removed"]}>
            <VisibleText text={cut(edit.before)} />
          </del>
        )}
        {edit.after !== "" && (
          <ins className={styles["added"]}>
            <VisibleText text={cut(edit.after)} />
          </ins>
        )}
        {index !== null && (
          <VisibleText text={`${raw.slice(end, end + CONTEXT)}${end + CONTEXT < raw.length ? "…" : ""}`} />
        )}
      </code>
    </li>
  );
}

function wordFor(edit: ResultEdit): string {
  if (edit.before === "") return "Insert";
  return edit.after === "" ? "Remove" : "Replace";
}

function cut(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)} …` : text;
}
