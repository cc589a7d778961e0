import type { BulkAction, BulkKind } from "@/api/model";

interface Words {
  readonly verb: string;
  readonly doing: string;
  readonly done: string;
  readonly what: string;
}

export const BULK_WORDS: Readonly<Record<BulkKind, Words>> = {
  retry: {
    verb: "Retry",
    doing: "Retrying",
    done: "retried",
    what: "Failed and cancelled jobs are retried under the same id. Other jobs are skipped.",
  },
  cancel: {
    verb: "Cancel",
    doing: "Cancelling",
    done: "cancelled",
    what: "Jobs that have not ended are cancelled, without a result. Other jobs are skipped.",
  },
  replay: {
    verb: "Replay",
    doing: "Replaying",
    done: "replayed",
    what: "Each prompt is submitted again as a new job. The old jobs do not change.",
  },
  delete: {
    verb: "Delete",
    doing: "Deleting",
    done: "deleted",
    what: "Jobs that have ended are deleted with prompt, result and history. Other jobs are skipped. This cannot be undone.",
  },
};

export const BULK_KINDS = Object.keys(BULK_WORDS) as BulkKind[];

const WHY: Readonly<Record<string, string>> = {
  is_pending: "pending",
  is_running: "running",
  is_waiting: "waiting for a callback",
  is_completed: "completed",
  is_failed: "failed",
  is_cancelled: "cancelled already",
  no_longer_matches: "no longer matching",
  changed_meanwhile: "changed meanwhile",
  job_not_found: "deleted meanwhile",
  job_damaged: "damaged in the store",
  invalid_flow: "without a usable flow",
};

const WAITS: Readonly<Record<string, string>> = {
  too_many_waiting: "Waiting: the key has as many waiting jobs as it may have.",
  store_busy: "Waiting: the store is busy.",
  search_incomplete: "Waiting: older jobs are still being made searchable.",
  unknown_filter: "Waiting: only a newer version of the server can carry out this action.",
  read_too_long:
    "Waiting: the search takes too long. Abort this action, and use fewer words or another filter.",
};

export function wordsForWait(code: string): string {
  return WAITS[code] ?? `Waiting: ${code.replaceAll("_", " ")}.`;
}

export function inFigures(count: number, more = false): string {
  return `${more ? "more than " : ""}${count.toLocaleString("en")}`;
}

export function jobs(count: number, more = false): string {
  return `${inFigures(count, more)} ${count === 1 && !more ? "job" : "jobs"}`;
}

export function handled(action: BulkAction): number {
  return action.done + sum(action.skipped) + sum(action.failed);
}

/** How far it is: "1,212 of 1,840 retried", "40 of 1,840: 34 retried, 6 skipped (pending)". */
export function progressOf(action: BulkAction): string {
  const handledNow = handled(action);
  const count = `${inFigures(handledNow)} of ${inFigures(Math.max(action.matched, handledNow))}`;
  return handledNow === action.done
    ? `${count} ${BULK_WORDS[action.action].done}`
    : `${count}: ${outcomeOf(action)}`;
}

/** What became of all jobs so far: "34 retried, 2 skipped (1 pending, 1 completed)". */
export function outcomeOf(action: BulkAction): string {
  const parts = [`${inFigures(action.done)} ${BULK_WORDS[action.action].done}`];
  if (sum(action.skipped) > 0)
    parts.push(`${inFigures(sum(action.skipped))} skipped (${reasons(action.skipped)})`);
  if (sum(action.failed) > 0)
    parts.push(`${inFigures(sum(action.failed))} failed (${reasons(action.failed)})`);
  return parts.join(", ");
}

function reasons(counts: Readonly<Record<string, number>>): string {
  const all = Object.entries(counts).map(([code, count]) => ({
    count: inFigures(count),
    why: WHY[code] ?? code.replaceAll("_", " "),
  }));
  // The count of the only reason was said just before.
  return all.map(({ count, why }) => (all.length === 1 ? why : `${count} ${why}`)).join(", ");
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, count) => all + count, 0);
}
