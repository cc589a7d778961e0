import type { CallbackVerdict } from "@/api/model";
import { asList } from "@/lib/search-params";
import { isVerdict } from "./verdicts";

/** The filter as it stands in the address; what is not set is not there. */
export interface CallbackSearch {
  verdict?: CallbackVerdict[];
}

/** Reads the filter of any address; what cannot be understood is left out, and never breaks the page. */
export function readSearch(search: Record<string, unknown>): CallbackSearch {
  const named = asList(search["verdict"]).map((text) => text.toLowerCase());
  return toSearch([...new Set(named.filter(isVerdict))]);
}

export function toSearch(verdict: CallbackVerdict[]): CallbackSearch {
  return verdict.length > 0 ? { verdict } : {};
}
