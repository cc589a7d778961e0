import { expect, it } from "vitest";
import { periodOf, shortDuration, tickOf } from "./words";

const NOON = new Date(2026, 10, 24, 12, 0).getTime();

it.each([
  [0, "0"],
  [500, "500 ms"],
  [15_000, "15 s"],
  [90_000, "1.5 min"],
  [4_500_000, "1.25 h"],
  [172_800_000, "2 d"],
])("%d ms is %s on an axis", (ms, text) => {
  expect(shortDuration(ms)).toBe(text);
});

it("names a period by its times, and a long one by its day", () => {
  expect(tickOf(NOON, 900_000)).toBe("12:00");
  expect(tickOf(NOON, 86_400_000)).toMatch(/24/);
  expect(periodOf({ at: NOON, end: NOON + 900_000 })).toMatch(/24.*12:00.*12:15/);
});
