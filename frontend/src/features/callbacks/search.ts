import type { CallbackVerdict } from "@/api/model";
import { asList } from "@/lib/search-params";
import { isVerdict } from "./verdicts";

/** The filter in the URL; unset parts are absent. */
export interface CallbackSearch {
  verdict?: CallbackVerdict[];
}

/** Reads the filter from any URL; unknown values are ignored. */
export function readSearch(search: Record<string, unknown>): CallbackSearch {
  const named = asList(search["verdict"]).map((text) => text.toLowerCase());
  return toSearch([...new Set(named.filter(isVerdict))]);
}

export function toSearch(verdict: CallbackVerdict[]): CallbackSearch {
  return verdict.length > 0 ? { verdict } : {};
}
