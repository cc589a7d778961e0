import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { BASE_PATH } from "./base-path";
import { answered, bodyOf, client } from "./client";
import { type CallbackVerdict, type Job, type KeptCallback, toCallback, toJob } from "./model";
import { nextCursor } from "./next-cursor";

interface Page {
  readonly callbacks: KeptCallback[];
  readonly next: string | null;
}

const PAGE_SIZE = 50;
/** The server keeps fewer callbacks of one job than this. */
const ALL_OF_A_JOB = 200;

export const callbackKeys = {
  all: ["callbacks"] as const,
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
      return { callbacks: data.map(toCallback), next: nextCursor(response.headers.get("link")) };
    },
  });
}

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
