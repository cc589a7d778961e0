import { describe, expect, it } from "vitest";
import { formatAge, formatCountdown, formatDuration, formatExact } from "./time";

describe("formatDuration", () => {
  it.each([
    [0, "0 ms"],
    [-5, "0 ms"],
    [340, "340 ms"],
    [999.6, "1.0 s"],
    [5_000, "5.0 s"],
    [59_949, "59.9 s"],
    [59_960, "1 min"],
    [125_000, "2 min 5 s"],
    [11_520_000, "3 h 12 min"],
    [187_200_000, "2 d 4 h"],
  ])("%d ms is %s", (ms, words) => {
    expect(formatDuration(ms)).toBe(words);
  });
});

describe("formatAge", () => {
  it("says what is past, what is now and what is ahead", () => {
    expect(formatAge(0, 1_999)).toBe("just now");
    expect(formatAge(0, 61_000)).toBe("1 min ago");
    expect(formatAge(30_000, 0)).toBe("in 30 s");
  });
});

describe("formatCountdown", () => {
  it("rounds up, and says nothing once the time has come", () => {
    expect(formatCountdown(1, 0)).toBe("1 s");
    expect(formatCountdown(60_500, 0)).toBe("1 min 1 s");
    expect(formatCountdown(0, 0)).toBeNull();
  });
});

it("an unreadable time is said to be unknown instead of breaking the page", () => {
  expect(formatExact(Number.NaN)).toBe("unknown time");
});
