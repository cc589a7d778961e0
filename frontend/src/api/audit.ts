import { infiniteQueryOptions } from "@tanstack/react-query";
import { BASE_PATH } from "./base-path";
import { answered, client } from "./client";
import { type AuditAct, type AuditEntry, type AuditOutcome, toAuditEntry } from "./model";
import { nextCursor } from "./next-cursor";

export interface AuditFilter {
  readonly act: readonly AuditAct[];
  readonly outcome: readonly AuditOutcome[];
  readonly who: string;
  readonly what: string;
  /** RFC 3339, or "". */
  readonly since: string;
  readonly until: string;
}

interface Page {
  readonly entries: AuditEntry[];
  readonly next: string | null;
}

const PAGE_SIZE = 50;

export function auditQuery(filter: AuditFilter) {
  return infiniteQueryOptions({
    queryKey: ["audit", filter],
    initialPageParam: null as string | null,
    getNextPageParam: (last: Page) => last.next,
    queryFn: async ({ pageParam, signal }): Promise<Page> => {
      const query = {
        ...asQuery(filter),
        limit: PAGE_SIZE,
        ...(pageParam !== null && { cursor: pageParam }),
      };
      const { data, response } = await answered(client.GET("/audit", { params: { query }, signal }));
      return { entries: data.map(toAuditEntry), next: nextCursor(response.headers.get("link")) };
    },
  });
}

/** The address of all entries that match, as lines of JSON, for a download link. */
export function exportAddress(filter: AuditFilter): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(asQuery(filter))) {
    for (const one of Array.isArray(value) ? value : [value]) params.append(name, one);
  }
  const text = params.toString();
  return `${BASE_PATH}/audit/export${text === "" ? "" : `?${text}`}`;
}

function asQuery(filter: AuditFilter) {
  return {
    ...(filter.act.length > 0 && { act: [...filter.act] }),
    ...(filter.outcome.length > 0 && { outcome: [...filter.outcome] }),
    ...(filter.who !== "" && { who: filter.who }),
    ...(filter.what !== "" && { what: filter.what }),
    ...(filter.since !== "" && { since: filter.since }),
    ...(filter.until !== "" && { until: filter.until }),
  };
}
