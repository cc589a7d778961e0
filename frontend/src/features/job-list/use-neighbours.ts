import { useInfiniteQuery } from "@tanstack/react-query";
import { type JobFilter, rowsQuery } from "@/api/job-rows";

/** Where a job stands in a list, as far as that was loaded. */
export interface Place {
  /** "3 of 50", and "3 of 50+" where more can be loaded. */
  readonly words: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Null: the job is not among the rows that were loaded. */
export function useNeighbours(filter: JobFilter, id: string): Place | null {
  // Only looked at: the list is not fetched for this.
  const { data, hasNextPage } = useInfiniteQuery({ ...rowsQuery(filter), enabled: false });
  const rows = data?.pages.flatMap((page) => page.jobs) ?? [];
  const at = rows.findIndex((row) => row.id === id);
  if (at < 0) return null;
  return {
    words: `${(at + 1).toLocaleString("en")} of ${rows.length.toLocaleString("en")}${hasNextPage ? "+" : ""}`,
    before: rows[at - 1]?.id,
    after: rows[at + 1]?.id,
  };
}
