import type { Job, KeptCallback } from "@/api/model";

/** The callback's job; null in the inbox of all jobs, where it is not loaded. */
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
      return { what: `A result came after ${howItEnded(callback, job)}.`, fate: acceptableWords(job) };
    case "accepted":
      return {
        what:
          callback.said === "unreadable"
            ? "An unreadable callback, accepted by a person."
            : "A late result, accepted by a person.",
        fate: "It is the job's result now.",
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
            fate: acceptableWords(job),
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
        fate: "The sender got this reason:",
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
  if (isUnread(callback)) {
    return (
      job !== null && job.status !== "COMPLETED" && (callback.bodyBytes ?? 0) > 0 && !callback.bodyTruncated
    );
  }
  return (
    job !== null &&
    (job.status === "FAILED" || job.status === "CANCELLED") &&
    callback.said === "result" &&
    (callback.verdict === "late" || callback.verdict === "stale")
  );
}

/** Unreadable callbacks are kept as bytes. */
export function isUnread(callback: KeptCallback): boolean {
  return callback.verdict === "unreadable";
}

/** "the job had failed", if it was FAILED when the callback came. */
export function howItEnded(callback: KeptCallback, job: KnownJob): string {
  const since = job?.finishedAt ?? Number.POSITIVE_INFINITY;
  if (callback.receivedAt >= since && job?.status === "FAILED") return "the job had failed";
  if (callback.receivedAt >= since && job?.status === "CANCELLED") return "the job was cancelled";
  return "the job had ended";
}

function acceptableWords(job: KnownJob): string | null {
  return job === null
    ? "If the job is still failed or cancelled, you can accept it on the job's page."
    : null;
}
