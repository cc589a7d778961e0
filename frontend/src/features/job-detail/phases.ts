import type { HistoryEvent } from "@/api/model";

/** Where a job's time went: in the queue, with a worker, or waiting for the callback. */
export type PhaseKind = "queued" | "running" | "waiting";

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
const ONLY_TOLD: ReadonlySet<HistoryEvent["what"]> = new Set(["cancel_answered", "asked", "late_result"]);

/** The total time of each phase over all attempts. An unfinished phase lasts until `now`. */
export function phasesOf(history: readonly HistoryEvent[], now: number): Phase[] {
  const sums: Record<PhaseKind, number> = { queued: 0, running: 0, waiting: 0 };
  const moves = history.filter(({ what }) => !ONLY_TOLD.has(what));
  moves.forEach((event, index) => {
    const kind = Object.hasOwn(BEGINS, event.what) ? BEGINS[event.what] : undefined;
    if (kind !== undefined) sums[kind] += Math.max(0, (moves[index + 1]?.at ?? now) - event.at);
  });
  return (["queued", "running", "waiting"] as const).map((kind) => ({ kind, ms: sums[kind] }));
}
