import { asText } from "@/lib/search-params";
import { isRange, type RangeName } from "./ranges";

/** The server's limit; a URL may contain more. */
const LONGEST_FLOW = 256;

/** What is chosen in the URL; what is not chosen is absent. */
export interface OverviewSearch {
  range?: RangeName;
  flow?: string;
}

/** Reads any URL; unknown values are ignored. */
export function readSearch(search: Record<string, unknown>): OverviewSearch {
  const range = asText(search["range"]);
  const flow = asText(search["flow"]).slice(0, LONGEST_FLOW);
  return { ...(isRange(range) && { range }), ...(flow !== "" && { flow }) };
}
