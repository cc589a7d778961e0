import type { HistoryEvent } from "@/api/model";

/** Where a job's time went: until the start that was asked for, in the queue, with a worker, or waiting for the callback. */
export type PhaseKind = "scheduled" | "queued" | "running" | "waiting";

export interface Phase {
  readonly kind: PhaseKind;
  readonly ms: number;
}

/** The phase that each event starts; final events start none. */
const BEGINS: Readonly<Record<string, PhaseKind>> = {
  submitted: "queued",
  retried: "queued",
  snoozed: "queued",
  attempt_failed: "queued",
  lease_lost: "queued",
  callback_overdue: "queued",
  started: "running",
  accepted: "waiting",
};

/** Events that neither end nor start a phase. */
const ONLY_TOLD: ReadonlySet<HistoryEvent["what"]> = new Set([
  "fell_back",
  "cancel_answered",
  "asked",
  "late_result",
]);

/**
 * The total time of each phase over all attempts. An unfinished phase lasts until `now`. `idleMs`: as the server counts it,
 * until the start that was asked for, and between an end and a retry; the latter belongs to no phase.
 */
export function phasesOf(history: readonly HistoryEvent[], now: number, idleMs = 0): Phase[] {
  const sums: Record<PhaseKind, number> = { scheduled: 0, queued: 0, running: 0, waiting: 0 };
  let ended = 0;
  const moves = history.filter(({ what }) => !ONLY_TOLD.has(what));
  moves.forEach((event, index) => {
    const kind = Object.hasOwn(BEGINS, event.what) ? BEGINS[event.what] : undefined;
    if (kind !== undefined) sums[kind] += Math.max(0, (moves[index + 1]?.at ?? now) - event.at);
    if (event.what === "retried") ended += Math.max(0, event.at - (moves[index - 1]?.at ?? event.at));
  });
  sums.scheduled = Math.min(sums.queued, Math.max(0, idleMs - ended));
  sums.queued -= sums.scheduled;
  return (["scheduled", "queued", "running", "waiting"] as const).map((kind) => ({ kind, ms: sums[kind] }));
}
