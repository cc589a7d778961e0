import type { Job, KeptCallback } from "@/api/model";

/** The callback's job; null if it is not known, or not there. */
export type KnownJob = Pick<Job, "status" | "finishedAt"> | null;

export interface Words {
  /** What the callback was. */
  readonly what: string;
  /** What happened to it, or may happen. */
  readonly fate: string | null;
}

export function wordsFor(callback: KeptCallback, job: KnownJob): Words {
  const failure = callback.said === "error";
  switch (callback.verdict) {
    case "late":
      return { what: `A result came after ${howItEnded(callback, job)}.`, fate: sinceThen(job) };
    case "accepted":
      return {
        what:
          callback.said === "unreadable"
            ? "An unreadable callback, accepted by a person."
            : "A late result, accepted by a person.",
        fate: "It is the job's result now.",
      };
    case "rejected":
      return {
        what:
          callback.said === "unreadable"
            ? "An unreadable callback, rejected by a person."
            : `A ${failure ? "failure" : "result"} that changed nothing, rejected by a person.`,
        fate: isAcceptable(callback, job) ? "It is kept, and can still be accepted." : null,
      };
    case "different":
      return { what: "A different result for a completed job.", fate: "The first result stays." };
    case "duplicate":
      return {
        what: failure ? "A failure of a job that has already failed." : "The same result again.",
        fate: null,
      };
    case "stale":
      return failure
        ? { what: "A failure of an attempt that was not in progress.", fate: null }
        : {
            what: "A result of an ended attempt that does not fit the schema.",
            fate: sinceThen(job),
          };
    case "unknown":
      return callback.jobId === null
        ? {
            what: "A failure of an unknown execution.",
            fate: "It will be matched to its job if the acceptance of this execution arrives.",
          }
        : {
            what: `A ${failure ? "failure" : "result"} for an unknown job.`,
            fate: "The job was deleted or never existed.",
          };
    case "unreadable":
      return {
        what: "An unreadable callback.",
        fate: "The sender got the reason below.",
      };
    case "applied":
      return {
        what: "A failure with only an execution id.",
        fate: "It was matched to its job and applied.",
      };
    default:
      return { what: "A callback.", fate: null };
  }
}

/** Whether a person may complete the job with it, in the job's present state. */
export function isAcceptable(callback: KeptCallback, job: KnownJob): boolean {
  if (job === null || job.status === "COMPLETED") return false;
  const { verdict } = callback;
  if (isUnread(callback)) {
    const open = verdict === "unreadable" || verdict === "rejected";
    return open && (callback.bodyBytes ?? 0) > 0 && !callback.bodyTruncated;
  }
  return (
    (job.status === "FAILED" || job.status === "CANCELLED") &&
    callback.said === "result" &&
    (verdict === "late" || verdict === "stale" || verdict === "rejected")
  );
}

/** Whether a person may say that nothing is done with it. */
export function isRejectable({ verdict }: KeptCallback): boolean {
  return verdict === "late" || verdict === "unreadable" || verdict === "different" || verdict === "stale";
}

/** Unreadable callbacks are kept as bytes. */
export function isUnread(callback: KeptCallback): boolean {
  return callback.said === "unreadable";
}

/** "the job had failed", if it was FAILED when the callback came. */
export function howItEnded(callback: KeptCallback, job: KnownJob): string {
  const since = job?.finishedAt ?? Number.POSITIVE_INFINITY;
  if (callback.receivedAt >= since && job?.status === "FAILED") return "the job had failed";
  if (callback.receivedAt >= since && job?.status === "CANCELLED") return "the job was cancelled";
  return "the job had ended";
}

/** Why it cannot be accepted, though it brought a result. */
function sinceThen(job: KnownJob): string | null {
  if (job === null || job.status === "FAILED" || job.status === "CANCELLED") return null;
  return job.status === "COMPLETED" ? "The job has a result by now." : "The job was retried since.";
}
