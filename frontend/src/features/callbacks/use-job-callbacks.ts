import { useQuery } from "@tanstack/react-query";
import { jobCallbacksQuery } from "@/api/callbacks";
import type { Job } from "@/api/model";

const LATE_RESULT_LOOKED_FOR_EVERY_MS = 10_000;

/**
 * What came for the job and changed nothing. No event tells of it, so a job that waits for a late result is asked
 * about now and then (not while the tab is hidden), and every job when its tab is looked at again.
 */
export function useJobCallbacks(job: Job) {
  const mayBeAccepted = job.status === "FAILED" || job.status === "CANCELLED";
  return useQuery({
    ...jobCallbacksQuery(job.id),
    refetchOnWindowFocus: true,
    refetchInterval: mayBeAccepted && LATE_RESULT_LOOKED_FOR_EVERY_MS,
    // What was applied is in the job's own history.
    select: (callbacks) => callbacks.filter((one) => one.verdict !== "applied"),
  });
}
