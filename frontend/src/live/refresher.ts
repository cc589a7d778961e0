import type { Query, QueryClient } from "@tanstack/react-query";
import { bulkKey } from "@/api/bulk-actions";
import { callbackKeys } from "@/api/callbacks";
import { type Changed, reportChanges } from "@/api/changes";
import { ApiError, SignedOutError } from "@/api/errors";
import { flowKeys } from "@/api/flows";
import { reportRefresh } from "@/api/freshness";
import { isOfRows } from "@/api/job-rows";
import { jobKeys } from "@/api/jobs";
import { seriesKey } from "@/api/series";
import { sessionKeys } from "@/api/session";
import { statsKey } from "@/api/stats";
import { traffic } from "@/api/traffic";
import { restAfter } from "./pace";

/** Sums over all jobs, which every change makes stale, and the least time (ms) from one refetch to the next. */
const SUMS: readonly (readonly [key: readonly unknown[], everyMs: number])[] = [
  [statsKey, 2_000],
  [flowKeys.flows, 3_000],
  [flowKeys.workers, 3_000],
  [seriesKey, 10_000],
];

/** After a refetch failed everything is fetched again this soon: no event would tell of it. */
const AGAIN_MS = 5_000;

export interface Refresher {
  jobChanged(id: string): void;
  bulkChanged(): void;
  /** Whatever may have changed: of jobs, and all but who asks, which was asked before and changes by other ways. */
  everything(): void;
  who(): void;
  /** While held (the tab is hidden) changes are collected, not fetched. */
  hold(held: boolean): void;
}

/**
 * Turns hints into refetches: the first at once, bursts in one batch, at the pace of `restAfter`, and never before the
 * last batch was answered (otherwise a slow server would get more and more requests).
 */
export function createRefresher(queries: QueryClient): Refresher {
  const changed = new Set<string>();
  const staleSums = new Set<readonly unknown[]>();
  const sumFetchedAt = new Map<readonly unknown[], number>();
  let all = false;
  let held = false;
  let busy = false;
  let unfinished = false;
  /** Why rows could not be fetched, until all of them could. */
  let rowsFailure: Error | null = null;
  let again: ReturnType<typeof setTimeout> | undefined;
  let before = traffic();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const round = async () => {
    clearTimeout(timer);
    if (busy || held) return;
    const sums = dueSums();
    if (!all && !unfinished && changed.size === 0 && sums.length === 0) return;
    busy = true;
    const startedAt = Date.now();
    const these: Changed = all ? null : new Set(changed);
    all = false;
    changed.clear();
    const refetches =
      these === null
        ? [refetch(queries, ({ queryKey }) => !isOfRows(queryKey) && queryKey[0] !== sessionKeys.who[0])]
        : [
            ...(these.size > 0 ? [refetch(queries, concerns(these))] : []),
            ...sums.map((key) => refetch(queries, (query) => query.queryKey[0] === key[0])),
          ];
    const [rows] = await Promise.allSettled([reportChanges(these), ...refetches]);
    unfinished = rows.status === "fulfilled" && rows.value;
    if (rows.status === "rejected") rowsFailure = asFailure(rows.reason);
    else if (these === null) rowsFailure = null;
    tell(rowsFailure ?? failureOf(queries));
    const spent = traffic();
    // The time that the answers took is part of the rest.
    const rest = restAfter(before, spent) - (Date.now() - startedAt);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, rest)));
    before = spent;
    busy = false;
    void round();
  };

  const tell = (failure: Error | null) => {
    reportRefresh(failure);
    clearTimeout(again);
    if (failure !== null) again = setTimeout(everything, AGAIN_MS);
  };

  const everything = () => {
    all = true;
    void round();
  };

  /** The stale sums whose time has come; for the others a round is planned. */
  const dueSums = () => {
    const now = Date.now();
    if (changed.size > 0) for (const [key] of SUMS) staleSums.add(key);
    const due: (readonly unknown[])[] = [];
    for (const [key, everyMs] of SUMS) {
      if (!staleSums.has(key) && !all) continue;
      const wait = (sumFetchedAt.get(key) ?? Number.NEGATIVE_INFINITY) + everyMs - now;
      if (all || wait <= 0) {
        due.push(key);
        staleSums.delete(key);
        sumFetchedAt.set(key, now);
      } else {
        clearTimeout(timer);
        timer = setTimeout(() => void round(), wait);
      }
    }
    return due;
  };

  return {
    jobChanged(id) {
      changed.add(id);
      void round();
    },
    bulkChanged() {
      // The server sends few of these; what is not shown is not fetched.
      if (!held) void queries.invalidateQueries({ queryKey: bulkKey });
    },
    everything,
    who() {
      if (!held) void queries.invalidateQueries({ queryKey: sessionKeys.who });
    },
    hold(now) {
      held = now;
      void round();
    },
  };
}

/** Why something that is shown could not be refreshed. */
function failureOf(queries: QueryClient): Error | null {
  for (const { state } of queries.getQueryCache().findAll({ type: "active" })) {
    const failure = state.status === "error" && state.data !== undefined ? asFailure(state.error) : null;
    if (failure !== null) return failure;
  }
  return null;
}

/** Of a job that is gone, and of a session that has ended, the page tells otherwise. */
function asFailure(error: unknown): Error | null {
  if (error instanceof SignedOutError || (error instanceof ApiError && error.status === 404)) return null;
  return error instanceof Error ? error : new Error(String(error));
}

type Which = (query: Query) => boolean;

/** Queries about one of these jobs. */
function concerns(ids: ReadonlySet<string>): Which {
  const prefixes = [jobKeys.one(""), jobKeys.comparison("", ""), callbackKeys.ofJob("")];
  return ({ queryKey }) =>
    prefixes.some(([topic, kind]) => queryKey[0] === topic && queryKey[1] === kind) &&
    queryKey.slice(2).some((id) => typeof id === "string" && ids.has(id));
}

/**
 * An invalidation does not restart a query's first fetch, and its answer may be from before the change: such queries
 * are fetched once more.
 */
async function refetch(queries: QueryClient, which: Which): Promise<void> {
  const first = queries
    .getQueryCache()
    .findAll({ predicate: which, fetchStatus: "fetching" })
    .filter((query) => query.state.data === undefined);
  await queries.invalidateQueries({ predicate: which });
  await Promise.all(
    first.map((query) => queries.invalidateQueries({ queryKey: query.queryKey, exact: true })),
  );
}
