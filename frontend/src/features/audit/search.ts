import type { AuditFilter } from "@/api/audit";
import type { AuditAct, AuditOutcome } from "@/api/model";
import { asList, asText } from "@/lib/search-params";
import { isAct, isOutcome } from "./words";

/** The server's limit; a URL may contain more. */
export const LONGEST_TEXT = 256;

/** The filters in the URL; unset ones are absent. */
export interface AuditSearch {
  act?: readonly AuditAct[];
  outcome?: readonly AuditOutcome[];
  who?: string;
  what?: string;
  since?: string;
  until?: string;
}

/** Reads the filters from any URL; unknown values are ignored. */
export function readSearch(search: Record<string, unknown>): AuditSearch {
  return toSearch({
    act: [...new Set(asList(search["act"]).filter(isAct))],
    outcome: [...new Set(asList(search["outcome"]).filter(isOutcome))],
    who: asText(search["who"]).slice(0, LONGEST_TEXT),
    what: asText(search["what"]).slice(0, LONGEST_TEXT),
    since: asTime(search["since"]),
    until: asTime(search["until"]),
  });
}

export function toFilter(search: AuditSearch): AuditFilter {
  return {
    act: search.act ?? [],
    outcome: search.outcome ?? [],
    who: search.who ?? "",
    what: search.what ?? "",
    since: search.since ?? "",
    until: search.until ?? "",
  };
}

export function toSearch(filter: AuditFilter): AuditSearch {
  return {
    ...(filter.act.length > 0 && { act: filter.act }),
    ...(filter.outcome.length > 0 && { outcome: filter.outcome }),
    ...(filter.who.trim() !== "" && { who: filter.who.trim() }),
    ...(filter.what.trim() !== "" && { what: filter.what.trim() }),
    ...(filter.since !== "" && { since: filter.since }),
    ...(filter.until !== "" && { until: filter.until }),
  };
}

export function isFiltered(filter: AuditFilter): boolean {
  return Object.keys(toSearch(filter)).length > 0;
}

const OLDEST = Date.UTC(1970, 0, 1);
const NEWEST = Date.UTC(2100, 0, 1);

/** RFC 3339, as the server wants it; "" for anything else. */
function asTime(value: unknown): string {
  const ms = Date.parse(asText(value));
  return ms >= OLDEST && ms < NEWEST ? new Date(ms).toISOString() : "";
}
