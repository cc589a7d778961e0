import { queryOptions } from "@tanstack/react-query";
import { isFinal } from "@/lib/status";
import { bodyOf, client } from "./client";
import { type JobSummary, toSummaries } from "./model";

const EVERY_MS = 5_000;
/** A notice shows the beginning of the prompt. */
const CLIP_BYTES = 300;

export interface Ends {
  readonly ended: readonly JobSummary[];
  /** Ids of jobs that are gone. */
  readonly gone: readonly string[];
}

/**
 * Which of these jobs have ended. Asked again and again, in a hidden tab too, where nothing else is refreshed: that is
 * where somebody waits for a notice.
 */
export function endsQuery(ids: readonly string[]) {
  return queryOptions({
    queryKey: ["job-ends", ids],
    queryFn: async ({ signal }): Promise<Ends> => {
      const query = { ids: ids.join(","), limit: ids.length, clip: CLIP_BYTES };
      const jobs = toSummaries(await bodyOf(client.GET("/jobs", { params: { query }, signal })));
      const found = new Set<string>(jobs.map(({ id }) => id));
      return {
        ended: jobs.filter(({ status }) => isFinal(status)),
        gone: ids.filter((id) => !found.has(id)),
      };
    },
    enabled: ids.length > 0,
    refetchInterval: EVERY_MS,
    refetchIntervalInBackground: true,
    // An answer from before would tell of the end before a retry.
    gcTime: 0,
  });
}
