import type { HistoryEvent } from "@/api/model";

/**
 * Where a job's time went: until the start that was asked for, in the queue, with a worker, or waiting for the callback.
 * `unkept`: what happened then is no longer in the history.
 */
export type StageKind = "scheduled" | "queued" | "running" | "waiting" | "unkept";

export interface Stage {
  readonly kind: StageKind;
  readonly ms: number;
}

/** One stretch of time in one stage. `until`: the event that ended it; undefined: it is not over. */
export interface Stretch {
  readonly kind: StageKind;
  readonly from: number;
  readonly to: number;
  readonly until: HistoryEvent | undefined;
}

/** The stage that each event starts; final events start none. */
const BEGINS: Readonly<Record<string, StageKind>> = {
  submitted: "queued",
  retried: "queued",
  snoozed: "queued",
  attempt_failed: "queued",
  lease_lost: "queued",
  callback_overdue: "queued",
  started: "running",
  accepted: "waiting",
};

/** Events that neither end nor start a stage. */
const ONLY_TOLD: ReadonlySet<HistoryEvent["what"]> = new Set([
  "fell_back",
  "callback_unreadable",
  "cancel_answered",
  "asked",
  "late_result",
]);

/** Whether the server has dropped events after the first: it keeps a limited number. */
export function isCut(history: readonly HistoryEvent[]): boolean {
  const oldest = history.find((event, index) => index > 0 && event.attempt !== null);
  const isFirst = oldest?.what === "started" || oldest?.what === "fell_back";
  return oldest !== undefined && !(isFirst && oldest.attempt === 1);
}

/**
 * The stages in the order in which they came. The time between an end and a retry belongs to none. An unfinished stage
 * lasts until `now`. `idleMs`: as the server counts it, until the start that was asked for, and between an end and a
 * retry.
 */
export function stretchesOf(history: readonly HistoryEvent[], now: number, idleMs = 0): Stretch[] {
  const moves = history.filter(({ what }) => !ONLY_TOLD.has(what));
  const ended = moves.map(({ what, at }, index) =>
    what === "retried" ? Math.max(0, at - (moves[index - 1]?.at ?? at)) : 0,
  );
  let scheduled = Math.max(0, idleMs - ended.reduce((sum, ms) => sum + ms, 0));
  const cut = isCut(history);
  return moves.flatMap((event, index): Stretch[] => {
    const kind = Object.hasOwn(BEGINS, event.what) ? BEGINS[event.what] : undefined;
    const until = moves[index + 1];
    const from = event.at;
    const to = Math.max(from, until?.at ?? now);
    if (kind === undefined) return [];
    if (kind === "queued" && index === 0 && cut) return [{ kind: "unkept", from, to, until }];
    if (kind !== "queued" || scheduled === 0) return [{ kind, from, to, until }];
    const start = from + Math.min(scheduled, to - from);
    scheduled -= start - from;
    return [
      { kind: "scheduled", from, to: start, until },
      { kind, from: start, to, until },
    ];
  });
}

/** The total time of each stage over all attempts. */
export function stagesOf(stretches: readonly Stretch[]): Stage[] {
  const sums: Record<StageKind, number> = { scheduled: 0, queued: 0, running: 0, waiting: 0, unkept: 0 };
  for (const { kind, from, to } of stretches) sums[kind] += to - from;
  return (["unkept", "scheduled", "queued", "running", "waiting"] as const).map((kind) => ({
    kind,
    ms: sums[kind],
  }));
}
