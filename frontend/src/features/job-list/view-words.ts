import { parseSearch } from "@/lib/search-params";
import { statusLabel } from "@/lib/status";
import { readSearch, toFilter } from "./search";

/** What a saved view shows, in a line: "Failed, Pending · flow mail · invoice". */
export function wordsForView(search: string): string {
  const { status, flow, tag, q } = toFilter(readSearch(parseSearch(search)));
  const parts = [
    status.map(statusLabel).join(", "),
    flow === "" ? "" : `flow ${flow}`,
    tag === "" ? "" : `tag ${tag}`,
    q.trim(),
  ].filter((part) => part !== "");
  return parts.length === 0 ? "All jobs" : parts.join(" · ");
}
