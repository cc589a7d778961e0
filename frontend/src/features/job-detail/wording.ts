import type { Attempt, HistoryEvent } from "@/api/model";
import type { Tone } from "@/components/tone-badge";

/** Titles of the API's history entries. */
const EVENTS: Record<HistoryEvent["what"], { title: string; tone: Tone }> = {
  submitted: { title: "Submitted", tone: "gray" },
  fell_back: { title: "Fell back to another flow", tone: "amber" },
  started: { title: "Attempt started", tone: "blue" },
  accepted: { title: "Accepted, waiting for a callback", tone: "violet" },
  snoozed: { title: "Put back, not counted as an attempt", tone: "amber" },
  attempt_failed: { title: "Attempt failed", tone: "red" },
  lease_lost: { title: "The worker was lost", tone: "red" },
  callback_overdue: { title: "No callback came in time", tone: "red" },
  callback_unreadable: { title: "A callback could not be read", tone: "amber" },
  completed: { title: "Completed", tone: "green" },
  failed: { title: "Failed", tone: "red" },
  cancelled: { title: "Cancelled", tone: "gray" },
  cancel_answered: { title: "The processor answered the cancel", tone: "gray" },
  asked: { title: "Reconcile call to the processor", tone: "gray" },
  late_result: { title: "A result came too late", tone: "amber" },
  retried: { title: "Retried by a person", tone: "gray" },
  result_accepted: { title: "A late result was accepted", tone: "green" },
};

export function wordsForEvent(event: HistoryEvent): { title: string; tone: Tone } {
  if (event.what === "callback_overdue" && event.detail?.includes("No callback came") !== true) {
    // A callback came, but it was not usable.
    return { title: "No result came in time", tone: "red" };
  }
  return Object.hasOwn(EVENTS, event.what) ? EVENTS[event.what] : { title: event.what, tone: "gray" };
}

/** `retry`: an attempt was made before. */
export function wordsForWait({ scheduled, retry }: { scheduled: boolean; retry: boolean }): string {
  if (scheduled) return "Waited for the scheduled start";
  return retry ? "Waited for the next attempt" : "Waited in the queue";
}

type End = NonNullable<Attempt["end"]>;

const ENDS: Record<End, { title: string; tone: Tone }> = {
  succeeded: { title: "Succeeded", tone: "green" },
  failed: { title: "Failed", tone: "red" },
  lost: { title: "Worker lost", tone: "red" },
  overdue: { title: "Overdue", tone: "red" },
  snoozed: { title: "Put back", tone: "amber" },
  superseded: { title: "Superseded", tone: "gray" },
  cancelled: { title: "Cancelled", tone: "gray" },
};

export function wordsForEnd(end: End | null): { title: string; tone: Tone } {
  if (end === null) return { title: "In progress", tone: "blue" };
  return Object.hasOwn(ENDS, end) ? ENDS[end] : { title: end, tone: "gray" };
}
