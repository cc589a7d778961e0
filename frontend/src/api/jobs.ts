import { infiniteQueryOptions, type QueryClient, queryOptions } from "@tanstack/react-query";
import type { Status } from "@/lib/status";
import { answered, bodyOf, client, done } from "./client";
import { parseExact } from "./exact-json";
import {
  type Comparison,
  type Job,
  type JobSummary,
  type ReplayRequest,
  type Submission,
  toJob,
  toSummary,
  type WireJob,
} from "./model";
import { nextCursor } from "./next-cursor";

export interface JobFilter {
  readonly status: readonly Status[];
  readonly flow: string;
  readonly tag: string;
  readonly q: string;
}

interface Page {
  readonly jobs: JobSummary[];
  readonly next: string | null;
}

const PAGE_SIZE = 50;

/** Prefixes of all query keys about jobs; events invalidate by these. */
export const jobKeys = {
  lists: ["jobs", "list"] as const,
  one: (id: string) => ["jobs", "one", id] as const,
  comparisons: ["jobs", "compare"] as const,
};

export function jobsQuery(filter: JobFilter) {
  return infiniteQueryOptions({
    queryKey: [...jobKeys.lists, filter],
    initialPageParam: null as string | null,
    getNextPageParam: (last: Page) => last.next,
    queryFn: async ({ pageParam, signal }): Promise<Page> => {
      const { data, response } = await answered(
        client.GET("/jobs", {
          params: {
            query: {
              limit: PAGE_SIZE,
              ...(filter.status.length > 0 && { status: [...filter.status] }),
              ...(filter.flow !== "" && { flow: filter.flow }),
              ...(filter.tag !== "" && { tag: filter.tag }),
              ...(filter.q !== "" && { q: filter.q }),
              ...(pageParam !== null && { cursor: pageParam }),
            },
          },
          signal,
        }),
      );
      return { jobs: data.map(toSummary), next: nextCursor(response.headers.get("link")) };
    },
  });
}

export function jobQuery(id: string) {
  return queryOptions({
    queryKey: jobKeys.one(id),
    queryFn: async ({ signal }): Promise<Job> => {
      const text = await bodyOf(
        client.GET("/jobs/{id}", { params: { path: { id } }, parseAs: "text", signal }),
      );
      return toJob(parseExact(text) as WireJob);
    },
  });
}

export function comparisonQuery(id: string, otherId: string) {
  return queryOptions({
    queryKey: [...jobKeys.comparisons, id, otherId],
    queryFn: async ({ signal }): Promise<Comparison> => {
      const text = await bodyOf(
        client.GET("/jobs/{id}/compare/{otherId}", {
          params: { path: { id, otherId } },
          parseAs: "text",
          signal,
        }),
      );
      return parseExact(text) as Comparison;
    },
  });
}

/**
 * Shows the job from an action's answer, and refetches it: later events may have arrived before the answer, and they
 * are not repeated.
 */
export function showAnswer(queries: QueryClient, job: Job): void {
  queries.setQueryData(jobKeys.one(job.id), job);
  void queries.invalidateQueries({ queryKey: jobKeys.one(job.id) });
}

/** With the same key, sending the same form again returns the same job. */
export async function submitJob(submission: Submission, idempotencyKey: string): Promise<Job> {
  return toJob(
    await bodyOf(
      client.POST("/jobs", {
        body: submission,
        params: { header: { "Idempotency-Key": idempotencyKey } },
      }),
    ),
  );
}

export async function cancelJob(id: string): Promise<Job> {
  return toJob(await bodyOf(client.POST("/jobs/{id}/cancel", { params: { path: { id } }, body: {} })));
}

export async function retryJob(id: string): Promise<Job> {
  return toJob(await bodyOf(client.POST("/jobs/{id}/retry", { params: { path: { id } }, body: {} })));
}

export async function replayJob(id: string, body: ReplayRequest): Promise<Job> {
  return toJob(await bodyOf(client.POST("/jobs/{id}/replay", { params: { path: { id } }, body })));
}

export async function deleteJob(id: string): Promise<void> {
  await done(client.DELETE("/jobs/{id}", { params: { path: { id } } }));
}
