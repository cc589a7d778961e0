import type { Attempt, HistoryEvent } from "@/api/model";

/** Neighbours that are the same, together. */
export function runsOf<T>(items: readonly T[], same: (a: T, b: T) => boolean): T[][] {
  const runs: T[][] = [];
  for (const item of items) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run !== undefined && last !== undefined && same(last, item)) run.push(item);
    else runs.push([item]);
  }
  return runs;
}

/** One event, or a start that was put back as often as it stands here, for one and the same reason. */
export type Line =
  | { readonly event: HistoryEvent; readonly before: HistoryEvent | undefined }
  | {
      readonly times: number;
      readonly first: HistoryEvent;
      readonly last: HistoryEvent;
      readonly before: HistoryEvent | undefined;
    };

/** A processor that is down for an hour puts a job back some 180 times: that is one thing to read, not 360. */
export function linesOf(history: readonly HistoryEvent[]): Line[] {
  const steps: HistoryEvent[][] = [];
  for (const event of history) {
    const step = steps.at(-1);
    if (event.what === "snoozed" && step?.length === 1 && step[0]?.what === "started") step.push(event);
    else steps.push([event]);
  }
  const same = (a: HistoryEvent[], b: HistoryEvent[]) =>
    a[1] !== undefined && b[1] !== undefined && a[1].detail === b[1].detail;
  const lines: Line[] = [];
  let before: HistoryEvent | undefined;
  for (const run of runsOf(steps, same)) {
    const events = run.flat();
    const first = events[0];
    const last = events.at(-1);
    if (run.length > 1 && first !== undefined && last !== undefined) {
      // By number: of very many the server keeps the first and the newest.
      const times = (last.attempt ?? 0) - (first.attempt ?? 0) + 1;
      lines.push({ times, first, last, before });
      before = last;
      continue;
    }
    for (const event of events) {
      lines.push({ event, before });
      before = event;
    }
  }
  return lines;
}

/** Whether the server has dropped events between the first and the others: it keeps a bounded number. */
export function isCut(history: readonly HistoryEvent[]): boolean {
  const oldest = history.find((event, index) => index > 0 && event.attempt !== null);
  return oldest !== undefined && (oldest.what !== "started" || oldest.attempt !== 1);
}

/** Attempts that were put back for the same reason, together; every other one stands alone. */
export function attemptRuns(attempts: readonly Attempt[]): Attempt[][] {
  return runsOf(
    attempts,
    (a, b) =>
      a.end === "snoozed" &&
      b.end === "snoozed" &&
      a.error?.code === b.error?.code &&
      a.error?.message === b.error?.message,
  );
}
