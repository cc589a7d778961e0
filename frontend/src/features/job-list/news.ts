import type { JobFilter, Row } from "@/api/job-rows";
import type { JobCount } from "@/api/model";

/** Which jobs the list has not got: those newer than `after`, less those of them that it has. */
export interface Question {
  readonly after: string;
  readonly known: number;
}

/** What a list does not show yet. `arrived`: jobs that match; `more`: and others; `left`: rows that match no more. */
export interface News {
  readonly arrived: number;
  readonly more: boolean;
  readonly left: number;
}

export const NO_NEWS: News = { arrived: 0, more: false, left: 0 };

/** Whether jobs come and go in this list as their status changes, and not only as they are created. */
function isOfStatus(filter: JobFilter): boolean {
  return filter.status.length > 0;
}

export function matches(filter: JobFilter, row: Row): boolean {
  return row.gone !== true && (filter.status.length === 0 || filter.status.some((s) => s === row.status));
}

/**
 * What to count for the news of a list that has `rows`; null: it has none. In a list of a status an old job may come in
 * anywhere, so all from its oldest row on are counted; a search counts the newer ones only, because it reads all texts.
 */
export function questionOf(filter: JobFilter, rows: readonly Row[]): Question | null {
  const newest = rows[0];
  const oldest = rows.at(-1);
  if (newest === undefined || oldest === undefined) return null;
  if (!isOfStatus(filter) || filter.q !== "") return { after: newest.id, known: 0 };
  return { after: oldest.id, known: rows.slice(0, -1).filter((row) => matches(filter, row)).length };
}

export function newsOf(filter: JobFilter, rows: readonly Row[], question: Question, count: JobCount): News {
  return {
    arrived: Math.max(0, count.count - question.known),
    more: count.more,
    left: leftOf(filter, rows),
  };
}

export function leftOf(filter: JobFilter, rows: readonly Row[]): number {
  return rows.filter((row) => !matches(filter, row)).length;
}

/** Whether these changes can be news to the list: a job that it has not got, or one that comes or goes. */
export function canBeNews(
  filter: JobFilter,
  rows: readonly Row[],
  changed: ReadonlySet<string> | null,
): boolean {
  if (changed === null) return true;
  if (isOfStatus(filter)) return changed.size > 0;
  const newest = rows[0]?.id ?? "";
  return Array.from(changed).some((id) => id > newest);
}

export function wordsOf({ arrived, more, left }: News): string | null {
  if (arrived > 0)
    return `${arrived.toLocaleString("en")}${more ? "+" : ""} new ${arrived === 1 ? "job" : "jobs"}`;
  if (left > 0) return left === 1 ? "1 row no longer matches" : `${left} rows no longer match`;
  return null;
}
