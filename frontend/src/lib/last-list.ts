import type { Status } from "./status";

/** The filters of the list as they stand in its address. */
interface ListSearch {
  readonly status?: readonly Status[];
  readonly flow?: string;
  readonly tag?: string;
  readonly q?: string;
}

/** The list as this tab showed it last: who looks through failed jobs one by one comes back to the failed ones. */
let last: ListSearch = {};

export function rememberList(search: ListSearch): void {
  last = search;
}

export function lastList(): ListSearch {
  return last;
}
