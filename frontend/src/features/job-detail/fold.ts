import type { Attempt, HistoryEvent } from "@/api/model";

/** Groups consecutive items that are the same. */
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

/** One event, or a run of starts that were put back for the same reason. */
export type Line =
  | { readonly event: HistoryEvent; readonly before: HistoryEvent | undefined }
  | {
      readonly times: number;
      readonly first: HistoryEvent;
      readonly last: HistoryEvent;
      readonly before: HistoryEvent | undefined;
    };

/** What an attempt that was put back consists of: each event follows the other at once. */
const FOLLOWS: Partial<Record<HistoryEvent["what"], HistoryEvent["what"]>> = {
  started: "fell_back",
  snoozed: "started",
};

/** A processor that is down for an hour puts a job back about 180 times: shown as one line, not as 360. */
export function linesOf(history: readonly HistoryEvent[]): Line[] {
  const steps: HistoryEvent[][] = [];
  for (const event of history) {
    const step = steps.at(-1);
    if (step !== undefined && FOLLOWS[event.what] === step.at(-1)?.what) step.push(event);
    else steps.push([event]);
  }
  const same = (a: HistoryEvent[], b: HistoryEvent[]) =>
    a.at(-1)?.what === "snoozed" && a.length === b.length && a.at(-1)?.detail === b.at(-1)?.detail;
  const lines: Line[] = [];
  let before: HistoryEvent | undefined;
  for (const run of runsOf(steps, same)) {
    const events = run.flat();
    const first = events[0];
    const last = events.at(-1);
    if (run.length > 1 && first !== undefined && last !== undefined) {
      // By attempt number, because of very many events the server keeps only the first and the newest.
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

/** Whether the server has dropped events after the first: it keeps a limited number. */
export function isCut(history: readonly HistoryEvent[]): boolean {
  const oldest = history.find((event, index) => index > 0 && event.attempt !== null);
  const isFirst = oldest?.what === "started" || oldest?.what === "fell_back";
  return oldest !== undefined && !(isFirst && oldest.attempt === 1);
}

/** Groups consecutive attempts that were put back for the same reason; every other attempt is a group of one. */
export function attemptRuns(attempts: readonly Attempt[]): Attempt[][] {
  return runsOf(
    attempts,
    (a, b) =>
      a.end === "snoozed" &&
      b.end === "snoozed" &&
      a.flow === b.flow &&
      a.error?.code === b.error?.code &&
      a.error?.message === b.error?.message,
  );
}
