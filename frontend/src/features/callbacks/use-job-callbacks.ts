import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { jobCallbacksQuery } from "@/api/callbacks";
import type { Job } from "@/api/model";

const LATE_RESULT_LOOKED_FOR_EVERY_MS = 10_000;

/**
 * What came for the job and changed nothing. No event tells of a late result, so a job that waits for one is asked
 * about now and then (not while the tab is hidden), and every job when its tab is looked at again. What could not be
 * read stands in the job's history, and is asked for when it appears there.
 */
export function useJobCallbacks(job: Job) {
  const mayBeAccepted = job.status === "FAILED" || job.status === "CANCELLED";
  const told = job.history.filter((event) => event.what === "callback_unreadable").length;
  return useQuery({
    ...jobCallbacksQuery(job.id, told),
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: true,
    refetchInterval: mayBeAccepted && LATE_RESULT_LOOKED_FOR_EVERY_MS,
    // What was applied is in the job's own history.
    select: (callbacks) => callbacks.filter((one) => one.verdict !== "applied"),
  });
}
