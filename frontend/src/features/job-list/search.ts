import type { JobFilter } from "@/api/job-rows";
import { asList, asText } from "@/lib/search-params";
import { isStatus } from "@/lib/status";

/** The server's limit; a URL may contain more. */
export const LONGEST_SEARCH = 1_000;

/** The filters in the URL; unset ones are absent. */
export type JobSearch = { [K in keyof JobFilter]?: JobFilter[K] };

/** The list's address: its filters, and the job that is peeked at, which is no part of a saved view. */
export interface ListAddress extends JobSearch {
  readonly peek?: string;
}

export function readAddress(search: Record<string, unknown>): ListAddress {
  const peek = asText(search["peek"]).toLowerCase();
  return { ...readSearch(search), ...(/^[0-9a-f]{24}$/.test(peek) && { peek }) };
}

/** Reads the filters from any URL; unknown values are ignored. */
export function readSearch(search: Record<string, unknown>): JobSearch {
  return toSearch({
    status: [
      ...new Set(
        asList(search["status"])
          .map((text) => text.toUpperCase())
          .filter(isStatus),
      ),
    ],
    flow: asText(search["flow"]),
    tag: asText(search["tag"]),
    q: asText(search["q"]).slice(0, LONGEST_SEARCH),
  });
}

export function toFilter(search: JobSearch): JobFilter {
  return { status: search.status ?? [], flow: search.flow ?? "", tag: search.tag ?? "", q: search.q ?? "" };
}

export function toSearch(filter: JobFilter): JobSearch {
  return {
    ...(filter.status.length > 0 && { status: filter.status }),
    ...(filter.flow !== "" && { flow: filter.flow }),
    ...(filter.tag !== "" && { tag: filter.tag }),
    ...(filter.q.trim() !== "" && { q: filter.q }),
  };
}

export function isFiltered(filter: JobFilter): boolean {
  return Object.keys(toSearch(filter)).length > 0;
}
