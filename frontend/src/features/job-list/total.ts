import type { JobFilter } from "@/api/job-rows";

/** Jobs by status, of the other filters; `more`: there are more than were counted. */
export interface Counts {
  readonly byStatus: Readonly<Record<string, number>>;
  readonly more: boolean;
  readonly complete: boolean;
}

/** How many jobs are in the list in all, for people; null: not known. */
export function totalOf(filter: JobFilter, counts: Counts | undefined): string | null {
  if (counts === undefined) return null;
  const statuses = filter.status.length > 0 ? filter.status : Object.keys(counts.byStatus);
  const total = statuses.reduce((sum, status) => sum + (counts.byStatus[status] ?? 0), 0);
  return `${counts.more ? "more than " : ""}${total.toLocaleString("en")}`;
}
