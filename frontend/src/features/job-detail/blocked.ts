import type { JobSummary } from "@/api/model";
import { isFinal, statusLabel } from "@/lib/status";

/** Why each action is not possible in the job's state; null if it is. */
export interface Blocked {
  readonly cancel: string | null;
  readonly retry: string | null;
  readonly replay: string | null;
  readonly remove: string | null;
}

const ENDED: Readonly<Record<string, string>> = {
  COMPLETED: "The job has completed.",
  FAILED: "The job has failed.",
  CANCELLED: "The job was cancelled.",
};

/** `always`: why none is possible, whatever the state is. */
export function blockedOn(job: Pick<JobSummary, "status">, always: string | null): Blocked {
  if (always !== null) return { cancel: always, retry: always, replay: always, remove: always };
  const final = isFinal(job.status);
  const word = statusLabel(job.status).toLowerCase();
  return {
    cancel: final ? (ENDED[job.status] ?? "The job has ended.") : null,
    retry:
      job.status === "FAILED" || job.status === "CANCELLED"
        ? null
        : final
          ? "Only a failed or cancelled job can be retried. Replay creates a new job with the same prompt."
          : `The job is still ${word}.`,
    replay: null,
    remove: final ? null : "Only a finished job can be deleted. Cancel it first.",
  };
}
