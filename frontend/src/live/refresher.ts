import type { QueryClient } from "@tanstack/react-query";
import { callbackKeys } from "@/api/callbacks";
import { flowKeys } from "@/api/flows";
import { jobKeys } from "@/api/jobs";
import { statsKey } from "@/api/stats";

const AT_MOST_EVERY_MS = 300;

export interface Refresher {
  jobChanged(id: string): void;
  everything(): void;
  /** While held (the tab is hidden) changes are remembered, not fetched. */
  hold(held: boolean): void;
}

/**
 * Turns hints into refetches: the first at once, then bursts together, never faster than every 300 ms, and
 * never a second round before the first has answered (a slow server would otherwise be asked ever more).
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
 * A query's first fetch is joined, not started anew, by an invalidation, and its answer may be of before the change:
 * such queries are fetched once more.
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
