import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { jobCallbacksQuery } from "@/api/callbacks";
import type { Job } from "@/api/model";

const LATE_RESULT_LOOKED_FOR_EVERY_MS = 10_000;

/**
 * The job's callbacks that were not applied. No event announces a late result, so they are polled for failed and
 * cancelled jobs (not while the tab is hidden), and refetched for every job when its tab becomes visible. An unreadable
 * callback appears in the job's history, which triggers a refetch.
 */
export function useJobCallbacks(job: Job) {
  const mayBeAccepted = job.status === "FAILED" || job.status === "CANCELLED";
  const told = job.history.filter((event) => event.what === "callback_unreadable").length;
  return useQuery({
    ...jobCallbacksQuery(job.id, told),
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: true,
    refetchInterval: mayBeAccepted && LATE_RESULT_LOOKED_FOR_EVERY_MS,
    // Applied callbacks are in the job's own history.
    select: (callbacks) => callbacks.filter((one) => one.verdict !== "applied"),
  });
}
