import { formatDuration } from "@/lib/time";
import type { Point } from "./points";
import { namesDays } from "./ticks";

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const period = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

/** What stands below the axis, in the reader's time zone: "14:15", or "24 Nov" where a period is long. */
export function tickOf(at: number, lengthMs: number): string {
  return (namesDays(lengthMs) ? day : time).format(at);
}

/** "24 Nov, 14:15 – 14:30". */
export function periodOf({ at, end }: Pick<Point, "at" | "end">): string {
  return period.formatRange(at, end);
}

const STATES: Readonly<Record<Point["state"], string>> = {
  whole: "",
  running: "not over yet",
  incomplete: "counted in part",
  uncounted: "not counted",
};

/** Why the figures of a period are not whole; "": they are. */
export function wordsForState({ state }: Point): string {
  return STATES[state];
}

export function duration(ms: number): string {
  return formatDuration(ms);
}

const UNITS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
  [1, "ms"],
] as const;

/** In one unit, for an axis: "500 ms", "15 s", "1.5 min". */
export function shortDuration(ms: number): string {
  const [length, unit] = UNITS.find(([one]) => ms >= one) ?? [1, "ms"];
  return ms === 0 ? "0" : `${Number((ms / length).toFixed(2))} ${unit}`;
}
