import { queryOptions } from "@tanstack/react-query";
import { bodyOf, client } from "./client";
import { type JobFilter, parameters } from "./job-rows";
import type { GroupBy, JobCount, JobGroups } from "./model";

export const groupsKey = ["job-groups"] as const;

const RENEWED_MS = 10_000;

/** How many jobs match, by status too. */
export function countQuery(filter: JobFilter) {
  return queryOptions({
    queryKey: ["job-count", filter],
    refetchInterval: RENEWED_MS,
    queryFn: ({ signal }): Promise<JobCount> =>
      bodyOf(client.GET("/jobs/count", { params: { query: parameters(filter) }, signal })),
  });
}

/** The jobs of a filter in groups; of "error" the failed ones only. */
export function groupsQuery(filter: JobFilter, by: GroupBy) {
  const query = { ...parameters(filter), by, ...(by === "error" && { status: ["FAILED" as const] }) };
  return queryOptions({
    queryKey: [...groupsKey, filter, by],
    refetchInterval: RENEWED_MS,
    queryFn: ({ signal }): Promise<JobGroups> =>
      bodyOf(client.GET("/jobs/groups", { params: { query }, signal })),
  });
}
