import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { BASE_PATH } from "./base-path";
import { answered, bodyOf, client } from "./client";
import { type Batch, type BatchWhole, type JobSummary, toBatch, toSummaries } from "./model";
import { nextCursor } from "./next-cursor";

interface Page {
  readonly batches: Batch[];
  readonly next: string | null;
}

const PAGE_SIZE = 20;
const FAILED_SHOWN = 50;
const CLIP_BYTES = 200;
const MOVING_MS = 1_500;
const RESTING_MS = 15_000;

export const batchKeys = {
  all: ["batches"] as const,
  one: (id: string) => ["batches", "one", id] as const,
};

export const batchesQuery = infiniteQueryOptions({
  queryKey: [...batchKeys.all, "list"],
  initialPageParam: null as string | null,
  getNextPageParam: (last: Page) => last.next,
  queryFn: async ({ pageParam, signal }): Promise<Page> => {
    const query = { limit: PAGE_SIZE, ...(pageParam !== null && { cursor: pageParam }) };
    const { data, response } = await answered(client.GET("/batches", { params: { query }, signal }));
    return { batches: data.map((one) => toBatch(one)), next: nextCursor(response.headers.get("link")) };
  },
});

/** Asked for again while its jobs move; a retry opens one that has ended. */
export function batchQuery(id: string) {
  return queryOptions({
    queryKey: batchKeys.one(id),
    queryFn: async ({ signal }): Promise<BatchWhole> =>
      toBatch(await bodyOf(client.GET("/batches/{id}", { params: { path: { id } }, signal }))),
    refetchInterval: (query) => (query.state.data?.status === "ENDED" ? RESTING_MS : MOVING_MS),
  });
}

/** Its newest failed jobs. `failed`: their number; they are fetched again when it changes. */
export function failedJobsQuery(id: string, failed: number) {
  return queryOptions({
    queryKey: [...batchKeys.one(id), "failed", failed],
    enabled: failed > 0,
    queryFn: async ({ signal }): Promise<JobSummary[]> => {
      const query = { batch: id, status: ["FAILED" as const], limit: FAILED_SHOWN, clip: CLIP_BYTES };
      return toSummaries(await bodyOf(client.GET("/jobs", { params: { query }, signal })));
    },
  });
}

export interface Upload {
  readonly file: File;
  readonly name: string;
  readonly partial: boolean;
  /** Where its end is told; "": nowhere. */
  readonly webhookUrl: string;
  /** The same when it is sent again, so that it becomes one batch. */
  readonly key: string;
}

export async function uploadBatch({ file, name, partial, webhookUrl, key }: Upload): Promise<BatchWhole> {
  const isObject = file.name.toLowerCase().endsWith(".json");
  const answer = client.POST("/batches", {
    // The bytes as they are in the file: the server reads lines, or one object.
    body: file as never,
    bodySerializer: (bytes) => bytes as unknown as BodyInit,
    headers: { "content-type": isObject ? "application/json" : "application/x-ndjson" },
    params: {
      header: { "Idempotency-Key": key },
      ...(!isObject && {
        query: {
          ...(name !== "" && { name }),
          ...(partial && { partial: "true" as const }),
          ...(webhookUrl !== "" && { webhookUrl }),
        },
      }),
    },
  });
  return toBatch(await bodyOf(answer));
}

export async function cancelBatch(id: string): Promise<BatchWhole> {
  return toBatch(await bodyOf(client.POST("/batches/{id}/cancel", { params: { path: { id } } })));
}

/** URL of its results, for a download link. */
export function resultsAddress(id: string, only?: "results" | "errors"): string {
  return `${BASE_PATH}/batches/${id}/results${only === undefined ? "" : `?only=${only}`}`;
}
