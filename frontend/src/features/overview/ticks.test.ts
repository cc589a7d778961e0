import { expect, it } from "vitest";
import { wireCounts } from "@/testing/flow-factories";
import { RANGES, STEP_MS } from "./ranges";
import { durationTicks, moneyTicks, ticksOf } from "./ticks";
import { tickOf } from "./words";

const COUNTS = wireCounts();

it.each(Object.values(RANGES))(
  "has some round times of $label, and no more than there is room for",
  (range) => {
    for (const step of [range.step, range.narrowStep]) {
      const length = STEP_MS[step];
      const begin = Math.floor(1_780_000_123_456 / length) * length;
      const points = Array.from({ length: Math.ceil(range.lengthMs / length) + 1 }, (_, n) => {
        const at = begin + n * length;
        return { at, end: at + length, state: "whole" as const, counts: COUNTS };
      });
      for (const most of [3, 5, 20]) {
        const ticks = ticksOf(points, most);
        expect(ticks.length).toBeGreaterThan(0);
        expect(ticks.length).toBeLessThanOrEqual(most);
        expect(points.map(({ at }) => at)).toEqual(expect.arrayContaining(ticks));
        expect(new Set(ticks.map((at) => tickOf(at, length))).size).toBe(ticks.length);
      }
    }
  },
);

it("has no tick without periods", () => {
  expect(ticksOf([], 5)).toEqual([]);
});

it.each([
  [0, [0, 1]],
  [3, [0, 1, 2, 3]],
  [4_200, [0, 1_000, 2_000, 3_000, 4_000, 5_000]],
  [95_000, [0, 30_000, 60_000, 90_000, 120_000]],
])("divides durations of up to %d ms", (longest, ticks) => {
  expect(durationTicks(longest)).toEqual(ticks);
});

it("reaches over any duration with few ticks", () => {
  for (let longest = 1; longest < 1e12; longest = Math.ceil(longest * 1.7)) {
    const ticks = durationTicks(longest);
    expect(ticks.length).toBeLessThanOrEqual(12);
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(longest);
  }
});

it.each([
  [0, [0, 1]],
  [7, [0, 2, 4, 6, 8]],
  [43_000, [0, 10_000, 20_000, 30_000, 40_000, 50_000]],
  [180_000, [0, 50_000, 100_000, 150_000, 200_000]],
  [530_000, [0, 200_000, 400_000, 600_000]],
])("divides costs of up to %d micros", (most, ticks) => {
  expect(moneyTicks(most)).toEqual(ticks);
});

it("reaches over any cost with few ticks", () => {
  for (let most = 1; most < 1e15; most = Math.ceil(most * 1.3)) {
    const ticks = moneyTicks(most);
    expect(ticks.length).toBeLessThanOrEqual(6);
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(most);
  }
});
