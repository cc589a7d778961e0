import type { Step } from "@/api/series";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export const STEP_MS: Readonly<Record<Step, number>> = {
  "1m": MINUTE_MS,
  "5m": 5 * MINUTE_MS,
  "15m": 15 * MINUTE_MS,
  "1h": HOUR_MS,
  "6h": 6 * HOUR_MS,
  "1d": DAY_MS,
};

interface Range {
  readonly label: string;
  readonly lengthMs: number;
  readonly step: Step;
  /** Where a finger must hit a bar. */
  readonly narrowStep: Step;
}

/** The times that can be chosen, the shortest first. The server keeps the rows of each step for longer than that. */
export const RANGES = {
  "1h": { label: "1 hour", lengthMs: HOUR_MS, step: "1m", narrowStep: "5m" },
  "6h": { label: "6 hours", lengthMs: 6 * HOUR_MS, step: "5m", narrowStep: "15m" },
  "24h": { label: "24 hours", lengthMs: DAY_MS, step: "15m", narrowStep: "1h" },
  "7d": { label: "7 days", lengthMs: 7 * DAY_MS, step: "6h", narrowStep: "6h" },
  "30d": { label: "30 days", lengthMs: 30 * DAY_MS, step: "1d", narrowStep: "1d" },
  "90d": { label: "90 days", lengthMs: 90 * DAY_MS, step: "1d", narrowStep: "1d" },
} as const satisfies Record<string, Range>;

export type RangeName = keyof typeof RANGES;

export const RANGE_NAMES = Object.keys(RANGES) as RangeName[];

export const USUAL: RangeName = "24h";

export function isRange(text: string): text is RangeName {
  return Object.hasOwn(RANGES, text);
}

/** Where nothing is chosen: a day, or less while less was counted. */
export function fittingRange(countedMs: number): RangeName {
  return (
    RANGE_NAMES.find((name) => RANGES[name].lengthMs >= Math.min(countedMs, RANGES[USUAL].lengthMs)) ?? USUAL
  );
}

export function isStep(text: string): text is Step {
  return Object.hasOwn(STEP_MS, text);
}
