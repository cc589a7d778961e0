import type { Series, SeriesCounts } from "@/api/model";
import { isStep, STEP_MS } from "./ranges";

/** What happened in one period. Times in ms. */
export interface Point {
  readonly at: number;
  readonly end: number;
  readonly state: "whole" | "running" | "incomplete" | "uncounted";
  readonly counts: SeriesCounts;
}

/** The periods of a series, the oldest first; `now`: ms. */
export function pointsOf(series: Series, now: number): Point[] {
  const length = isStep(series.step) ? STEP_MS[series.step] : 0;
  const counted = Date.parse(series.countedSince);
  return series.buckets.map((bucket) => {
    const at = Date.parse(bucket.at);
    const end = at + length;
    return { at, end, state: stateOf(bucket.partial, end, counted, now), counts: bucket };
  });
}

function stateOf(partial: boolean, end: number, counted: number, now: number): Point["state"] {
  if (!partial) return "whole";
  if (end <= counted) return "uncounted";
  return end > now ? "running" : "incomplete";
}

export function endedOf({ completed, failed, cancelled }: SeriesCounts): number {
  return completed + failed + cancelled;
}

/** Whether anything at all happened. */
export function isNothing(counts: SeriesCounts): boolean {
  const { prompt, completion } = counts.tokens;
  return (
    endedOf(counts) + counts.retried + counts.attemptsRetried + prompt + completion === 0 &&
    counts.waitingAgeMs === null
  );
}
