import { useState } from "react";
import { holdBack } from "./arrivals";

/**
 * `holdBack` for as long as `scrolled`; the mark is set in the moment the reader leaves the top, and anew for
 * another `list` (other filters).
 */
export function useArrivals<T extends { readonly id: string }>(
  jobs: readonly T[],
  scrolled: boolean,
  list: string,
) {
  const [seen, setSeen] = useState<{ list: string; newest: string } | null>(null);
  const newest = jobs[0]?.id;
  // Set while rendering, not in an effect: one frame with the new rows in it would already have moved the page.
  if (!scrolled && seen !== null) setSeen(null);
  if (scrolled && newest !== undefined && seen?.list !== list) setSeen({ list, newest });
  return holdBack(jobs, scrolled ? (seen?.newest ?? null) : null);
}
