import { Fragment, type ReactNode } from "react";
import styles from "./result.module.css";

// Control characters, zero-width characters and bidirectional controls. A result that "looks right" and does not parse
// often has one of these, and none of them may reorder the text on the page.
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
// Each becomes an element; a text of nothing else must not create a million of them.
const AT_MOST = 2_000;

/** Text with invisible characters shown by name (U+200B). */
export function VisibleText({ text }: { text: string }): ReactNode {
  const parts: ReactNode[] = [];
  let from = 0;
  for (const match of text.matchAll(UNSEEN)) {
    if (parts.length >= AT_MOST) break;
    parts.push(
      <Fragment key={match.index}>
        {text.slice(from, match.index)}
        <span className={styles["unseen"]}>{nameOf(match[0])}</span>
      </Fragment>,
    );
    from = match.index + match[0].length;
  }
  return (
    <>
      {parts}
      {text.slice(from)}
    </>
  );
}

function nameOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
