import { queryOptions } from "@tanstack/react-query";
import { bodyOf, client } from "./client";
import type { JobFilter } from "./job-rows";
import type { BulkAction, BulkCount, BulkKind } from "./model";

export const bulkKey = ["bulk"] as const;

/** The page looks at so many of the newest. */
const NEWEST = 20;
/** While one is open and no event comes. */
const POLL_MS = 2_000;

export function isOpen(action: BulkAction): boolean {
  return action.status === "RUNNING" || action.status === "ABORTING";
}

export const bulkActionsQuery = queryOptions({
  queryKey: bulkKey,
  queryFn: ({ signal }): Promise<BulkAction[]> =>
    bodyOf(client.GET("/bulk-actions", { params: { query: { limit: NEWEST } }, signal })),
  refetchInterval: ({ state }) => (state.data?.some(isOpen) ? POLL_MS : false),
});

/** How many jobs match the filter, as a bulk action counts them. */
export async function countMatching(filter: JobFilter): Promise<BulkCount> {
  const body = { action: "retry", query: queryOf(filter), dryRun: true } as const;
  return (await bodyOf(client.POST("/bulk-actions", { body }))) as BulkCount;
}

export interface BulkRequest {
  readonly action: BulkKind;
  readonly reason?: string;
  readonly flow?: string;
}

/** With the same key, sending the same again returns the same bulk action. */
export async function startBulkAction(
  filter: JobFilter,
  request: BulkRequest,
  idempotencyKey: string,
): Promise<BulkAction> {
  const body = { ...request, query: queryOf(filter), dryRun: false };
  const params = { header: { "Idempotency-Key": idempotencyKey } };
  return (await bodyOf(client.POST("/bulk-actions", { body, params }))) as BulkAction;
}

export function abortBulkAction(id: string): Promise<BulkAction> {
  return bodyOf(client.POST("/bulk-actions/{id}/abort", { params: { path: { id } } }));
}

function queryOf({ status, flow, tag, q }: JobFilter) {
  return {
    ...(status.length > 0 && { status: [...status] }),
    ...(flow !== "" && { flow }),
    ...(tag !== "" && { tag }),
    ...(q.trim() !== "" && { q: q.trim() }),
  };
}
