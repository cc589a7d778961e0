import type { Job, KeptCallback } from "@/api/model";

/** What is known of the callback's job: nothing in the inbox of all jobs. */
export type KnownJob = Pick<Job, "status" | "finishedAt"> | null;

export interface Words {
  /** What came. */
  readonly what: string;
  /** What became of it, or may. */
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
            ? "A callback that could not be read, which a person accepted as it came."
            : "A late result, which a person accepted.",
        fate: "It is the job's result now.",
      };
    case "different":
      return { what: "Another result for a job that was already completed.", fate: "The first one stays." };
    case "duplicate":
      return {
        what: failure ? "A failure of a job that had already failed." : "The same result again.",
        fate: null,
      };
    case "stale":
      return failure
        ? { what: "A failure of an attempt that was not under way.", fate: null }
        : {
            what: "A result of an attempt that was over, and not of the shape its flow asks for.",
            fate: acceptableWords(job),
          };
    case "unknown":
      return callback.jobId === null
        ? {
            what: "A failure of an execution that no running job is known by.",
            fate: "It is matched to its job if the acceptance of that execution arrives.",
          }
        : {
            what: `A ${failure ? "failure" : "result"} for a job that is not here.`,
            fate: "It was deleted, or there never was one.",
          };
    case "unreadable":
      return {
        what: "A callback that could not be read.",
        fate: "Its sender was told why:",
      };
    case "applied":
      return {
        what: "A failure that named its execution only.",
        fate: "It was matched to its job, and counted there.",
      };
    default:
      return { what: "A callback.", fate: null };
  }
}

/** Whether a person may complete the job with it, as the job stands. */
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

/** What came is kept as bytes, since nobody could tell what it says. */
export function isUnread(callback: KeptCallback): boolean {
  return callback.verdict === "unreadable";
}

/** "the job had failed", if that was how it stood when the callback came. */
export function howItEnded(callback: KeptCallback, job: KnownJob): string {
  const since = job?.finishedAt ?? Number.POSITIVE_INFINITY;
  if (callback.receivedAt >= since && job?.status === "FAILED") return "the job had failed";
  if (callback.receivedAt >= since && job?.status === "CANCELLED") return "the job was cancelled";
  return "the job had ended";
}

function acceptableWords(job: KnownJob): string | null {
  return job === null ? "If the job is still failed or cancelled, its page offers to accept it." : null;
}
