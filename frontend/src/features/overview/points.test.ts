import { expect, it } from "vitest";
import type { Series, SeriesBucket, SeriesCounts } from "@/api/model";
import { wireCounts } from "@/testing/flow-factories";
import { endedOf, isNothing, pointsOf } from "./points";

const NOON = Date.parse("2026-11-24T12:00:00.000Z");
const QUARTER = 900_000;

function series(...partial: boolean[]): Series {
  const buckets: SeriesBucket[] = partial.map((one, n) => ({
    ...wireCounts(),
    at: new Date(NOON + n * QUARTER).toISOString(),
    partial: one,
  }));
  return {
    since: new Date(NOON).toISOString(),
    until: new Date(NOON + partial.length * QUARTER).toISOString(),
    step: "15m",
    countedSince: new Date(NOON + QUARTER + 60_000).toISOString(),
    currency: "USD",
    total: wireCounts(),
    flows: [],
    buckets,
  };
}

it("tells why a period is not whole: before counting began, partly counted, or not over", () => {
  const points = pointsOf(series(true, true, false, true), NOON + 3 * QUARTER + 1);
  expect(points.map(({ state }) => state)).toEqual(["uncounted", "incomplete", "whole", "running"]);
  expect(points[0]).toMatchObject({ at: NOON, end: NOON + QUARTER });
});

it("sums up the ends", () => {
  expect(endedOf(wireCounts({ completed: 3, failed: 1, cancelled: 5, retried: 7 }))).toBe(9);
});

it.each<[Partial<SeriesCounts>, boolean]>([
  [{}, true],
  [{ waitingAgeMs: 0 }, false],
  [{ attemptsRetried: 1 }, false],
  [{ retried: 1 }, false],
  [{ tokens: { prompt: 0, completion: 1 } }, false],
  [{ cancelled: 1 }, false],
])("knows whether anything happened: %j", (changes, nothing) => {
  expect(isNothing(wireCounts(changes))).toBe(nothing);
});
