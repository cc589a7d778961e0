import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { BASE_PATH } from "./base-path";
import { answered, bodyOf, client } from "./client";
import {
  type CallbackCounts,
  type CallbackVerdict,
  type Job,
  type JobSummary,
  type KeptCallback,
  toCallback,
  toJob,
  toSummaries,
} from "./model";
import { nextCursor } from "./next-cursor";

interface Page {
  readonly callbacks: KeptCallback[];
  /** The jobs that the callbacks are about, as far as they are there. */
  readonly jobs: JobSummary[];
  readonly next: string | null;
}

const PAGE_SIZE = 50;
/** A row shows no more of a prompt. */
const CLIP_BYTES = 300;
/** The server keeps fewer callbacks of one job than this. */
const ALL_OF_A_JOB = 200;

export const callbackKeys = {
  all: ["callbacks"] as const,
  counts: ["callbacks", "counts"] as const,
  ofJob: (jobId: string) => ["callbacks", "job", jobId] as const,
};

export function callbacksQuery(verdict: readonly CallbackVerdict[]) {
  return infiniteQueryOptions({
    queryKey: [...callbackKeys.all, "list", verdict],
    initialPageParam: null as string | null,
    getNextPageParam: (last: Page) => last.next,
    queryFn: async ({ pageParam, signal }): Promise<Page> => {
      const { data, response } = await answered(
        client.GET("/callbacks", {
          params: {
            query: {
              limit: PAGE_SIZE,
              ...(verdict.length > 0 && { verdict: [...verdict] }),
              ...(pageParam !== null && { cursor: pageParam }),
            },
          },
          signal,
        }),
      );
      const callbacks = data.map(toCallback);
      return {
        callbacks,
        jobs: await jobsOf(callbacks, signal),
        next: nextCursor(response.headers.get("link")),
      };
    },
  });
}

async function jobsOf(callbacks: readonly KeptCallback[], signal: AbortSignal): Promise<JobSummary[]> {
  const ids = [...new Set(callbacks.flatMap(({ jobId }) => jobId ?? []))];
  if (ids.length === 0) return [];
  const query = { ids: ids.join(","), limit: ids.length, clip: CLIP_BYTES };
  return toSummaries(await bodyOf(client.GET("/jobs", { params: { query }, signal })));
}

/** How many callbacks are kept of each verdict. */
export const callbackCountsQuery = queryOptions({
  queryKey: callbackKeys.counts,
  queryFn: ({ signal }): Promise<CallbackCounts> => bodyOf(client.GET("/callbacks/count", { signal })),
});

/** `told`: number of callbacks in the job's history; the list is refetched when it changes. */
export function jobCallbacksQuery(jobId: string, told: number) {
  return queryOptions({
    queryKey: [...callbackKeys.ofJob(jobId), told],
    queryFn: async ({ signal }): Promise<KeptCallback[]> => {
      const query = { jobId, limit: ALL_OF_A_JOB };
      return (await bodyOf(client.GET("/callbacks", { params: { query }, signal }))).map(toCallback);
    },
  });
}

/** The callback with its whole content, which never changes once stored. */
export function wholeCallbackQuery(id: string) {
  return queryOptions({
    queryKey: [...callbackKeys.all, "one", id],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }): Promise<KeptCallback> =>
      toCallback(await bodyOf(client.GET("/callbacks/{id}", { params: { path: { id } }, signal }))),
  });
}

/** URL of an unreadable callback's body, for a download link. */
export function bodyAddress(id: string): string {
  return `${BASE_PATH}/callbacks/${id}/body`;
}

/** The job, COMPLETED with this result. */
export async function acceptCallback(id: string): Promise<Job> {
  return toJob(await bodyOf(client.POST("/callbacks/{id}/accept", { params: { path: { id } } })));
}

/** The callback, which is kept as rejected and can still be accepted. */
export async function rejectCallback(id: string): Promise<KeptCallback> {
  return toCallback(await bodyOf(client.POST("/callbacks/{id}/reject", { params: { path: { id } } })));
}
