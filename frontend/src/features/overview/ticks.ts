import type { Point } from "./points";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How far apart the ticks of a time axis may be. */
const APART_MS = [
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 3, 7, 14, 28].map((days) => days * DAY_MS),
];
/** The same for an axis of durations. */
const DURATIONS_MS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7, 14, 28, 91, 365, 1_095].map((days) => days * DAY_MS),
];
const MOST_DURATIONS = 5;
const MOST_AMOUNTS = 5;

/** Whether a period of this length is so long that its day is its name. */
export function namesDays(lengthMs: number): boolean {
  return lengthMs >= 6 * HOUR_MS;
}

/** The periods with a tick: the first after each round time of the reader's clock. At most `most`. */
export function ticksOf(points: readonly Point[], most: number): number[] {
  const [first] = points;
  if (first === undefined) return [];
  // A day has one label.
  const least = namesDays(first.end - first.at) ? DAY_MS : 0;
  const found = APART_MS.filter((apart) => apart >= least).map((apart) => atEach(apart, points));
  return found.find((ticks) => ticks.length <= most) ?? [];
}

function atEach(apart: number, points: readonly Point[]): number[] {
  return points
    .filter(({ at }, n) => n > 0 && turn(at, apart) !== turn(points[n - 1]?.at ?? at, apart))
    .map(({ at }) => at);
}

function turn(at: number, apart: number): number {
  return Math.floor((at - new Date(at).getTimezoneOffset() * MINUTE_MS) / apart);
}

/** Ticks from 0 to at least `most` (micros), each so many times 1, 2 or 5 of some decimal place. */
export function moneyTicks(most: number): number[] {
  const place = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, most))) - 1);
  const apart =
    [1, 2, 5, 10, 20].map((times) => times * place).find((one) => most <= one * MOST_AMOUNTS) ?? place;
  const count = Math.max(1, Math.ceil(most / apart));
  return Array.from({ length: count + 1 }, (_, n) => n * apart);
}

/** Ticks from 0 to at least `longest` (ms), at round durations. */
export function durationTicks(longest: number): number[] {
  const last = DURATIONS_MS.length - 1;
  const apart = DURATIONS_MS.find((one, n) => n === last || longest <= one * MOST_DURATIONS) ?? 1;
  const count = Math.max(1, Math.ceil(longest / apart));
  return Array.from({ length: count + 1 }, (_, n) => n * apart);
}
