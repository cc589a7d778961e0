import { Button } from "@mantine/core";
import { memo, useMemo, useState } from "react";
import { type Line, layOutJson } from "@/lib/json-layout";
import styles from "./result.module.css";
import { ScrollBox } from "./scroll-box";
import { VisibleText } from "./visible-text";

const LINES_AT_ONCE = 1_000;
const STRING_AT_MOST = 10_000;
// Deeper indentation would only move the text out of sight.
const INDENT_AT_MOST = 40;

/** Formatted JSON. Nothing is parsed to values, so big numbers stay exact: see json-layout.ts. */
export function JsonView({ text, label }: { text: string; label: string }) {
  const [limit, setLimit] = useState(LINES_AT_ONCE);
  const { lines, complete } = useMemo(() => layOutJson(text, limit), [text, limit]);
  return (
    <>
      <ScrollBox label={label}>
        {lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their number
          <JsonLine key={index} line={line} />
        ))}
      </ScrollBox>
      {!complete && (
        <p className={styles["cut"]}>
          Showing the first {limit.toLocaleString("en")} lines.
          <Button variant="subtle" size="compact-sm" onClick={() => setLimit(limit * 4)}>
            Show more
          </Button>
        </p>
      )}
    </>
  );
}

const JsonLine = memo(function JsonLine({ line }: { line: Line }) {
  return (
    <>
      {"  ".repeat(Math.min(line.depth, INDENT_AT_MOST))}
      {line.tokens.map((token, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no identity but their position
        <span key={index} className={styles[token.kind]}>
          <VisibleText text={shortened(token.text)} />
        </span>
      ))}
      {"\n"}
    </>
  );
});

function shortened(text: string): string {
  if (text.length <= STRING_AT_MOST) return text;
  const rest = text.length - STRING_AT_MOST;
  return `${text.slice(0, STRING_AT_MOST)} … (${rest.toLocaleString("en")} more characters: see Raw)`;
}
