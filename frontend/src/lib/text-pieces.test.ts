import { expect, it } from "vitest";
import { piecesOf } from "./text-pieces";

const TEXTS = {
  empty: "",
  "one line": "hello",
  "its end": "hello\n",
  "nothing but ends": "\n".repeat(1_000),
  "many short lines": "a line\n".repeat(5_000),
  "lines of all lengths": Array.from({ length: 300 }, (_, n) => "x".repeat(n * 37)).join("\n"),
  "one very long line": "x".repeat(1_000_000),
  "characters of two halves": "\u{1f600}".repeat(30_000),
  "long and short": `${"y".repeat(25_000)}\nz\n${"w".repeat(10_001)}`,
};

it.each(Object.entries(TEXTS))("are all of the text, in order, and small: %s", (_, text) => {
  const pieces = piecesOf(text);
  let rebuilt = "";
  for (const { from, to, next, isCut } of pieces) {
    expect(from).toBe(rebuilt.length);
    expect(to - from).toBeLessThanOrEqual(4_000);
    expect(text.slice(to, next)).toBe(isCut || (next === text.length && !text.endsWith("\n")) ? "" : "\n");
    expect(text.slice(from, to).isWellFormed()).toBe(true);
    rebuilt += text.slice(from, next);
  }
  expect(rebuilt).toBe(text);
});
