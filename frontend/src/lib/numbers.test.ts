import { expect, it } from "vitest";
import { pace, percent, rate, short, successOf } from "./numbers";

it.each([
  [1, "100 %"],
  [0.99999, "99.9 %"],
  [0.975, "97.5 %"],
  [0.5, "50.0 %"],
  [0.00001, "0.1 %"],
  [0, "0 %"],
])("%d is %s", (share, text) => {
  expect(percent(share)).toBe(text);
});

it.each([
  [0, 0, null],
  [3, 1, 0.75],
  [0, 2, 0],
])("%d completed and %d failed: %s", (completed, failed, share) => {
  expect(successOf({ completed, failed })).toBe(share);
});

it("is short where there is little room", () => {
  expect([short(950), short(12_345)]).toEqual(["950", "12.3K"]);
  expect([rate(0), rate(0.254), rate(1_234.5)]).toEqual(["0", "0.25", "1,235"]);
});

it.each([
  [0, "0 a minute"],
  [5.47, "5.5 a minute"],
  [0.066, "4 an hour"],
  [0.48, "29 an hour"],
])("%d jobs a minute are %s", (perMinute, words) => expect(pace(perMinute)).toBe(words));
