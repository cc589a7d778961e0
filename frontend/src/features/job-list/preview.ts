import type { JobSummary } from "@/api/model";
import { isFinal } from "@/lib/status";
import { troubleOf } from "@/lib/waiting-words";

const PREVIEW = 300;

/** The prompt on one line. */
export function previewOf(prompt: string): string {
  return prompt
    .slice(0, PREVIEW * 2)
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, PREVIEW);
}

/** What there is to say about the job beside its status: an error, progress, or what it waits for. */
export function remarkOf(job: JobSummary): string | null {
  if (job.status === "COMPLETED" || job.status === "CANCELLED") return null;
  if (isFinal(job.status)) return job.error === null ? null : job.error.message;
  // Between two attempts it is the progress of one that is over.
  if (job.progress !== null && job.status !== "PENDING") return job.progress;
  // The reason in full is on the job's page; here it would only push the time out of the line.
  return job.waitingOn === null ? null : (troubleOf(job.waitingOn.kind) ?? job.waitingOn.detail);
}

/** "2/5": which try this is, of at most how many. Null for the first, which needs no words. */
export function triesOf(job: JobSummary): string | null {
  const underWay = job.status === "RUNNING" || job.status === "WAITING" || job.status === "COMPLETED";
  // A late result completes the job by an attempt that has been counted as failed.
  const tries = Math.min(job.failures + (underWay ? 1 : 0), job.attempt);
  return job.failures === 0 || tries === 0 ? null : `${tries}/${job.maxAttempts}`;
}
