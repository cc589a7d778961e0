import { describe, expect, it } from "vitest";
import { characterAt, indexOfCodePoint, indexOfLineColumn } from "./text-position";

describe("indexOfLineColumn", () => {
  it("finds a place that counts from 1", () => {
    expect(indexOfLineColumn("ab\ncd", 2, 2)).toBe(4);
    expect(indexOfLineColumn("ab", 1, 1)).toBe(0);
  });

  it("counts an emoji as one character", () => {
    expect(indexOfLineColumn('"😀😀" x', 1, 6)).toBe(7);
    expect(characterAt('"😀😀" x', 7)).toBe("x");
  });

  it("finds the very end, where a truncated text stops", () => {
    expect(indexOfLineColumn('{"a"', 1, 5)).toBe(4);
  });

  it("says null for places that are not there", () => {
    expect(indexOfLineColumn("ab", 3, 1)).toBeNull();
    expect(indexOfLineColumn("ab", 1, 9)).toBeNull();
    expect(indexOfCodePoint("ab", 3)).toBeNull();
  });
});
