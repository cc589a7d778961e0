import type { JobSummary } from "@/api/model";
import { isFinal } from "@/lib/status";
import { troubleOf } from "@/lib/waiting-words";

const PREVIEW = 300;

/** The beginning of a text, on one line. It is cut between characters, not in the middle of one. */
export function previewOf(text: string): string {
  const line = text
    .slice(0, PREVIEW * 2)
    .replace(/\s+/g, " ")
    .trim();
  return Array.from(line).slice(0, PREVIEW).join("");
}

/** The beginning of a completed job's result, or what is to be said of one that shows nothing. */
export function answerOf(
  job: JobSummary,
): { text: string; words: false } | { text: string; words: true } | null {
  if (job.status !== "COMPLETED" || job.result === null) return null;
  if (job.result === "") return { text: "Empty result", words: true };
  const text = previewOf(job.result);
  // More than the preview may follow.
  if (text === "") return { text: "The result begins with white space", words: true };
  return { text, words: false };
}

/** The line below the prompt: an error, progress, or what the job waits for. */
export function remarkOf(job: JobSummary): string | null {
  if (job.status === "COMPLETED" || job.status === "CANCELLED") return null;
  if (isFinal(job.status)) return job.error === null ? null : job.error.message;
  // Between two attempts the progress is that of the ended one.
  if (job.progress !== null && job.status !== "PENDING") return job.progress;
  // The whole reason is on the job's page; here it would push the time out of the line.
  return job.waitingOn === null ? null : (troubleOf(job.waitingOn.kind) ?? job.waitingOn.detail);
}

/** "2/5": the attempt, and the maximum. Null for the first attempt. */
export function triesOf(job: JobSummary): string | null {
  const underWay = job.status === "RUNNING" || job.status === "WAITING" || job.status === "COMPLETED";
  // A late result completes the job by an attempt that was already counted as failed.
  const tries = Math.min(job.failures + (underWay ? 1 : 0), job.attempt);
  return job.failures === 0 || tries === 0 ? null : `${tries}/${job.maxAttempts}`;
}
