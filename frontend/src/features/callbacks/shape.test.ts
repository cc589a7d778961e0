import { expect, it } from "vitest";
import { firstWords, likelyVerdict } from "./shape";

it.each<[string, string]>([
  ['{"a": 1}', "json"],
  [" [1]", "json"],
  ['{"a": 1,}', "text"],
  ["12", "text"],
  ["", "text"],
  ["[".repeat(100_000), "text"],
])("%.20s is shown as %s", (content, kind) => {
  expect(likelyVerdict(content).kind).toBe(kind);
});

it("a preview is one line, short, and never empty", () => {
  expect(firstWords("  a\n\tb  ")).toBe("a b");
  expect(firstWords(" \n")).toBe("(empty)");
  expect(firstWords("x".repeat(1_000_000))).toHaveLength(200);
});
