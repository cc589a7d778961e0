import { expect, it } from "vitest";
import { fittingRange } from "./ranges";
import { readSearch } from "./search";

const HOUR_MS = 3_600_000;

it.each([
  [0, "1h"],
  [HOUR_MS, "1h"],
  [HOUR_MS + 1, "6h"],
  [7 * HOUR_MS, "24h"],
  [9_000 * HOUR_MS, "24h"],
])("shows no more time than was counted: %d ms", (countedMs, range) => {
  expect(fittingRange(countedMs)).toBe(range);
});

it("reads any address", () => {
  expect(readSearch({ range: "7d", flow: "mail" })).toEqual({ range: "7d", flow: "mail" });
  expect(readSearch({ range: "toString", flow: "", other: "x" })).toEqual({});
  expect(readSearch({ range: ["1h", "6h"], flow: "f".repeat(300) })).toEqual({
    range: "1h",
    flow: "f".repeat(256),
  });
});
