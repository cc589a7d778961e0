import { withErrorTerm } from "./error-term";
import type { ListSearch } from "./last-list";
import type { Status } from "./status";

interface Which {
  /** From then on, and to then, in ms; the end is left out where it is now. */
  readonly from: number;
  readonly to?: number | undefined;
  readonly flow: string;
}

/** The list of the jobs that ended in this time, so or so. */
export function jobsBehind({ from, to, flow }: Which, status: readonly Status[] = ENDS): ListSearch {
  const until = to === undefined ? "" : ` finished:<${moment(to)}`;
  return { status, ...(flow !== "" && { flow }), q: `finished:>=${moment(from)}${until}` };
}

/** The list of the jobs that failed with this code. */
export function failuresBehind(which: Which, code: string): ListSearch {
  const search = jobsBehind(which, ["FAILED"]);
  return { ...search, q: withErrorTerm(search.q ?? "", code) };
}

const ENDS: readonly Status[] = ["COMPLETED", "FAILED", "CANCELLED"];

/** As short as the search reads it: periods begin with a minute. */
function moment(ms: number): string {
  return new Date(ms).toISOString().replace(/(:00)?\.000Z$/, "Z");
}
