import type { Status } from "./status";

/** The list's filters in its URL. */
export interface ListSearch {
  readonly status?: readonly Status[];
  readonly flow?: string;
  readonly tag?: string;
  readonly q?: string;
}

/** The list that this tab showed last, to return to the same filters from a job. */
let last: ListSearch = {};

export function rememberList(search: ListSearch): void {
  last = search;
}

export function lastList(): ListSearch {
  return last;
}

/** The job that was opened from it last: who returns is back at its row. */
let chosen: string | null = null;

export function rememberChosen(id: string | null): void {
  chosen = id;
}

export function lastChosen(): string | null {
  return chosen;
}
