import { useQuery } from "@tanstack/react-query";
import { countQuery } from "@/api/finding";
import type { JobFilter } from "@/api/job-rows";
import { statsQuery } from "@/api/stats";
import type { Counts } from "./total";

/** Undefined while not loaded. What only a search can count is counted; the rest is known for all jobs. */
export function useCounts(filter: JobFilter): Counts | undefined {
  const searched = filter.q !== "" || filter.tag !== "";
  const stats = useQuery(statsQuery).data;
  const counted = useQuery({ ...countQuery({ ...filter, status: [] }), enabled: searched }).data;
  if (searched) return counted;
  if (stats === undefined) return undefined;
  const byStatus = filter.flow === "" ? stats.byStatus : (stats.byFlow[filter.flow] ?? {});
  return { byStatus, more: false, complete: true };
}
