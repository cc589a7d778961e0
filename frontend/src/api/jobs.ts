import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { bodyOf, client, done } from "./client";
import { parseExact } from "./exact-json";
import { patchRows } from "./job-rows";
import { type Comparison, type Job, type ReplayRequest, type Submission, toJob, type WireJob } from "./model";

const PLACE_MS = 5_000;

/** Query keys about jobs; the ids in them tell which events concern them. */
export const jobKeys = {
  one: (id: string) => ["jobs", "one", id] as const,
  place: (id: string) => ["jobs", "place", id] as const,
  comparison: (id: string, otherId: string) => ["jobs", "compare", id, otherId] as const,
};

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
    queryKey: jobKeys.comparison(id, otherId),
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

/** How many jobs are ahead of a waiting one, and when it should start: others' ends change it, and no event tells. */
export function placeQuery(id: string) {
  return queryOptions({
    queryKey: jobKeys.place(id),
    queryFn: ({ signal }) => bodyOf(client.GET("/jobs/{id}/place", { params: { path: { id } }, signal })),
    refetchInterval: PLACE_MS,
  });
}

/**
 * Shows the job from an action's answer, in lists too, and refetches it: later events may have arrived before the answer, and they
 * are not repeated.
 */
export function showAnswer(queries: QueryClient, job: Job): void {
  queries.setQueryData(jobKeys.one(job.id), job);
  patchRows(queries, [job.id], [job]);
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
