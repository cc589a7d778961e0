import { type InfiniteData, infiniteQueryOptions, type QueryClient } from "@tanstack/react-query";
import type { Status } from "@/lib/status";
import { answered, bodyOf, client } from "./client";
import { type JobCount, type JobSummary, toSummaries } from "./model";
import { nextCursor } from "./next-cursor";

export interface JobFilter {
  readonly status: readonly Status[];
  readonly flow: string;
  readonly tag: string;
  readonly q: string;
}

/** A job in a list. `gone`: it was deleted while its row was shown. */
export type Row = JobSummary & { readonly gone?: true };

interface Page {
  readonly jobs: readonly Row[];
  readonly next: string | null;
}

type Pages = InfiniteData<Page, string | null>;

const PAGE_SIZE = 50;
/** The server's limit of ids in one request. */
export const IDS_AT_MOST = 100;
/** A row shows no more of prompt and result. */
const CLIP_BYTES = 300;
const KEPT_MS = 60 * 60 * 1000;

/** Not under the keys of jobs: pages are never refetched, because that would move their rows. They are patched. */
const ROWS = "job-rows";

export function isOfRows(queryKey: readonly unknown[]): boolean {
  return queryKey[0] === ROWS;
}

export function rowsKey(filter: JobFilter) {
  return [ROWS, filter] as const;
}

export function rowsQuery(filter: JobFilter) {
  return infiniteQueryOptions({
    queryKey: rowsKey(filter),
    staleTime: Number.POSITIVE_INFINITY,
    // To return to the same rows after reading a job for a while.
    gcTime: KEPT_MS,
    initialPageParam: null as string | null,
    getNextPageParam: (last: Page) => last.next,
    queryFn: ({ pageParam, signal }) => fetchPage(filter, pageParam, signal),
  });
}

async function fetchPage(filter: JobFilter, cursor: string | null, signal?: AbortSignal): Promise<Page> {
  const query = {
    limit: PAGE_SIZE,
    clip: CLIP_BYTES,
    ...parameters(filter),
    ...(filter.q !== "" && { snippets: "true" as const }),
    ...(cursor !== null && { cursor }),
  };
  const { data, response } = await answered(
    client.GET("/jobs", { params: { query }, ...(signal !== undefined && { signal }) }),
  );
  return { jobs: toSummaries(data), next: nextCursor(response.headers.get("link")) };
}

export function parameters(filter: JobFilter) {
  return {
    ...(filter.status.length > 0 && { status: [...filter.status] }),
    ...(filter.flow !== "" && { flow: filter.flow }),
    ...(filter.tag !== "" && { tag: filter.tag }),
    ...(filter.q !== "" && { q: filter.q }),
  };
}

/** Replaces the list by its newest page, if it is `still` to be once that has come. Returns whether it did. */
export async function showNewest(
  queries: QueryClient,
  filter: JobFilter,
  still: () => boolean,
): Promise<boolean> {
  const page = await fetchPage(filter, null);
  if (!still()) return false;
  queries.setQueryData<Pages>(rowsKey(filter), { pages: [page], pageParams: [null] });
  return true;
}

/** Fetches these rows and patches them in all lists. */
export async function refreshRows(queries: QueryClient, ids: readonly string[]): Promise<void> {
  const query = { ids: ids.join(","), limit: ids.length, clip: CLIP_BYTES };
  const jobs = toSummaries(await bodyOf(client.GET("/jobs", { params: { query } })));
  patchRows(queries, ids, jobs);
}

/** The number of jobs that match, of those newer than `after`. */
export function countJobs(filter: JobFilter, after: string): Promise<JobCount> {
  return bodyOf(client.GET("/jobs/count", { params: { query: { ...parameters(filter), after } } }));
}

/** Changes rows where they stand. Jobs of `asked` that are not among `found` were deleted. */
export function patchRows(
  queries: QueryClient,
  asked: readonly string[],
  found: readonly JobSummary[],
): void {
  const byId = new Map<string, JobSummary>(found.map((job) => [job.id, job]));
  const ids = new Set(asked);
  changeRows(queries, (rows) => rows.map((row) => (ids.has(row.id) ? newer(row, byId.get(row.id)) : row)));
}

/** The answer to an earlier request may come later. */
function newer(row: Row, found: JobSummary | undefined): Row {
  if (found === undefined) return { ...row, gone: true };
  if (found.updatedAt < row.updatedAt) return row;
  // Rows that are fetched again come without a search.
  return row.snippets === undefined ? found : { ...found, snippets: row.snippets };
}

/** Takes a row out of all lists, after a person deleted the job here. */
export function removeRow(queries: QueryClient, id: string): void {
  changeRows(queries, (rows) => rows.filter((row) => row.id !== id));
}

function changeRows(queries: QueryClient, change: (rows: readonly Row[]) => readonly Row[]): void {
  queries.setQueriesData<Pages>({ predicate: ({ queryKey }) => isOfRows(queryKey) }, (data) =>
    data === undefined
      ? data
      : { ...data, pages: data.pages.map((page) => ({ ...page, jobs: change(page.jobs) })) },
  );
}
