import { useState } from "react";
import { holdBack } from "./arrivals";

/**
 * `holdBack` while `scrolled`. The newest seen job is remembered when the reader leaves the top, and again when `list`
 * (the filters) changes.
 */
export function useArrivals<T extends { readonly id: string }>(
  jobs: readonly T[],
  scrolled: boolean,
  list: string,
) {
  const [seen, setSeen] = useState<{ list: string; newest: string } | null>(null);
  const newest = jobs[0]?.id;
  // Set while rendering, not in an effect: one frame with the new rows would already move the page.
  if (!scrolled && seen !== null) setSeen(null);
  if (scrolled && newest !== undefined && seen?.list !== list) setSeen({ list, newest });
  return holdBack(jobs, scrolled ? (seen?.newest ?? null) : null);
}
