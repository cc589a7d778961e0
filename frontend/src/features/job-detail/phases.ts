import type { HistoryEvent } from "@/api/model";

/** Where a job's time went: in our queue, in our hands, or in somebody else's. */
export type PhaseKind = "queued" | "running" | "waiting";

export interface Phase {
  readonly kind: PhaseKind;
  readonly ms: number;
}

/** What begins with each event; final ones begin nothing. */
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

/** News that comes in whenever it comes, and neither ends nor begins anything. */
const ONLY_TOLD: ReadonlySet<HistoryEvent["what"]> = new Set(["cancel_answered", "asked", "late_result"]);

/** The sums of all attempts, in the order of a job's life. An unfinished phase lasts until `now`. */
export function phasesOf(history: readonly HistoryEvent[], now: number): Phase[] {
  const sums: Record<PhaseKind, number> = { queued: 0, running: 0, waiting: 0 };
  const moves = history.filter(({ what }) => !ONLY_TOLD.has(what));
  moves.forEach((event, index) => {
    const kind = Object.hasOwn(BEGINS, event.what) ? BEGINS[event.what] : undefined;
    if (kind !== undefined) sums[kind] += Math.max(0, (moves[index + 1]?.at ?? now) - event.at);
  });
  return (["queued", "running", "waiting"] as const).map((kind) => ({ kind, ms: sums[kind] }));
}
