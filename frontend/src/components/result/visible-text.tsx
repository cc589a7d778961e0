import { Fragment, type ReactNode } from "react";
import styles from "./result.module.css";

// Control characters, zero-width ones and those that turn the direction of writing around. A result that "looks
// right" and does not parse often has one of these; and none of them may rearrange what a reader sees.
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
// Each is an element of its own; a text made of nothing else must not become a million of them.
const AT_MOST = 2_000;

/** Text with the unseen characters shown by name. */
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
