import type { QueryClient } from "@tanstack/react-query";
import { callbackKeys } from "@/api/callbacks";
import { flowKeys } from "@/api/flows";
import { jobKeys } from "@/api/jobs";
import { statsKey } from "@/api/stats";

const AT_MOST_EVERY_MS = 300;

export interface Refresher {
  jobChanged(id: string): void;
  everything(): void;
  /** While held (the tab is hidden) changes are collected, not fetched. */
  hold(held: boolean): void;
}

/**
 * Turns hints into refetches: the first at once, bursts in one batch, at most every 300 ms, and never before the last
 * batch was answered (otherwise a slow server would get more and more requests).
 */
export function createRefresher(queries: QueryClient): Refresher {
  const changed = new Set<string>();
  let all = false;
  let held = false;
  let busy = false;

  const round = async () => {
    if (busy || held || (!all && changed.size === 0)) return;
    busy = true;
    const keys = all ? [[]] : staleKeys(changed);
    all = false;
    changed.clear();
    const rest = new Promise((resolve) => setTimeout(resolve, AT_MOST_EVERY_MS));
    const refetched = keys.map((queryKey) => refetch(queries, queryKey));
    await Promise.allSettled([rest, ...refetched]);
    busy = false;
    void round();
  };

  return {
    jobChanged(id) {
      changed.add(id);
      void round();
    },
    everything() {
      all = true;
      void round();
    },
    hold(now) {
      held = now;
      void round();
    },
  };
}

/**
 * An invalidation does not restart a query's first fetch, and its answer may be from before the change: such queries
 * are fetched once more.
 */
async function refetch(queries: QueryClient, queryKey: readonly unknown[]): Promise<void> {
  const first = queries
    .getQueryCache()
    .findAll({ queryKey, fetchStatus: "fetching" })
    .filter((query) => query.state.data === undefined);
  await queries.invalidateQueries({ queryKey });
  await Promise.all(
    first.map((query) => queries.invalidateQueries({ queryKey: query.queryKey, exact: true })),
  );
}

function staleKeys(ids: ReadonlySet<string>): (readonly unknown[])[] {
  return [
    jobKeys.lists,
    jobKeys.comparisons,
    statsKey,
    flowKeys.flows,
    flowKeys.workers,
    ...Array.from(ids, jobKeys.one),
    ...Array.from(ids, callbackKeys.ofJob),
  ];
}
