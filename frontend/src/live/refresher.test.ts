import { QueryClient, type QueryKey, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { bulkKey } from "@/api/bulk-actions";
import { callbackKeys } from "@/api/callbacks";
import { type Changed, onChanges } from "@/api/changes";
import { flowKeys } from "@/api/flows";
import { rowsKey } from "@/api/job-rows";
import { jobKeys } from "@/api/jobs";
import { statsKey } from "@/api/stats";
import { createRefresher } from "./refresher";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** The names of the queries that were refetched, of these that are watched, and what followers were told. */
function watched(queryKeys: readonly QueryKey[]) {
  const queries = new QueryClient();
  const fetched: string[] = [];
  const told: Changed[] = [];
  const stops = queryKeys.map((queryKey) => {
    queries.setQueryData(queryKey, "old");
    const observer = new QueryObserver(queries, {
      queryKey,
      staleTime: Number.POSITIVE_INFINITY,
      queryFn: () => {
        fetched.push(JSON.stringify(queryKey));
        return "new";
      },
    });
    return observer.subscribe(() => {});
  });
  let left = false;
  stops.push(
    onChanges(async (changed) => {
      told.push(changed);
      return left;
    }),
  );
  return {
    refresher: createRefresher(queries),
    fetched,
    told,
    leave: (some: boolean) => {
      left = some;
    },
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

it("tells followers at once, then of a burst as one, and never faster than every 300 ms", async () => {
  const { refresher, told, stop } = watched([]);
  refresher.jobChanged("a");
  expect(told).toEqual([new Set("a")]);
  for (const id of "bcdefg") refresher.jobChanged(id);
  await vi.advanceTimersByTimeAsync(299);
  expect(told).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(told).toEqual([new Set("a"), new Set("bcdefg")]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told.filter((changed) => changed === null || changed.size > 0)).toHaveLength(2);
  stop();
});

it("refetches what a changed job is part of, and nothing of others", async () => {
  const { refresher, fetched, stop } = watched([
    jobKeys.one("a"),
    jobKeys.one("b"),
    jobKeys.comparison("x", "a"),
    jobKeys.comparison("x", "y"),
    [...callbackKeys.ofJob("a"), 3],
    callbackKeys.ofJob("b"),
    rowsKey({ status: [], flow: "a", tag: "a", q: "a" }),
  ]);
  refresher.jobChanged("a");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(fetched).toEqual(['["jobs","one","a"]', '["jobs","compare","x","a"]', '["callbacks","job","a",3]']);
  stop();
});

it("never refetches the pages of a list, which would move their rows", async () => {
  const { refresher, fetched, told, stop } = watched([
    rowsKey({ status: [], flow: "", tag: "", q: "" }),
    jobKeys.one("a"),
  ]);
  refresher.everything();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(fetched).toEqual(['["jobs","one","a"]']);
  expect(told).toEqual([null]);
  stop();
});

it("refetches sums seldom, however many jobs change, and once more after the last", async () => {
  const { refresher, fetched, stop } = watched([statsKey, flowKeys.flows]);
  for (let ms = 0; ms < 5_000; ms += 100) {
    refresher.jobChanged(`${ms}`);
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(fetched.filter((key) => key === '["stats"]').length).toBeLessThanOrEqual(3);
  expect(fetched.filter((key) => key === '["flows"]').length).toBeLessThanOrEqual(2);
  const before = fetched.length;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(fetched.slice(before).sort()).toEqual(['["flows"]', '["stats"]']);
  stop();
});

it("goes on with what a follower left, without another event", async () => {
  const { refresher, told, leave, stop } = watched([]);
  leave(true);
  refresher.jobChanged("a");
  await vi.advanceTimersByTimeAsync(350);
  expect(told).toEqual([new Set("a"), new Set()]);
  leave(false);
  await vi.advanceTimersByTimeAsync(350);
  const rounds = told.length;
  await vi.advanceTimersByTimeAsync(1_500);
  expect(told).toHaveLength(rounds);
  stop();
});

it("remembers while held and catches up once when released", async () => {
  const { refresher, told, fetched, stop } = watched([jobKeys.one("a")]);
  refresher.hold(true);
  refresher.jobChanged("a");
  refresher.everything();
  await vi.advanceTimersByTimeAsync(5_000);
  expect([told, fetched]).toEqual([[], []]);
  refresher.hold(false);
  await vi.advanceTimersByTimeAsync(0);
  expect([told, fetched]).toEqual([[null], ['["jobs","one","a"]']]);
  stop();
});

it("waits for a slow round to answer before it asks again", async () => {
  const queries = new QueryClient();
  let answer = () => {};
  const invalidate = vi.spyOn(queries, "invalidateQueries").mockImplementation(
    () =>
      new Promise<void>((resolve) => {
        answer = resolve;
      }),
  );
  const refresher = createRefresher(queries);
  refresher.everything();
  refresher.everything();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(invalidate).toHaveBeenCalledTimes(1);
  answer();
  await vi.advanceTimersByTimeAsync(0);
  expect(invalidate).toHaveBeenCalledTimes(2);
});

it("asks again when the first answer was under way: it may be of before the change", async () => {
  const queries = new QueryClient();
  const answers: ((text: string) => void)[] = [];
  const observer = new QueryObserver(queries, {
    queryKey: jobKeys.one("a"),
    queryFn: () => new Promise<string>((resolve) => answers.push(resolve)),
  });
  const stop = observer.subscribe(() => {});
  const refresher = createRefresher(queries);
  refresher.jobChanged("a");
  answers[0]?.("before");
  await vi.advanceTimersByTimeAsync(300);
  expect(answers).toHaveLength(2);
  answers[1]?.("after");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(queries.getQueryData(jobKeys.one("a"))).toBe("after");
  expect(answers).toHaveLength(2);
  stop();
});

it("refetches bulk actions alone when one of them changed, and not while it is held", async () => {
  const { refresher, fetched, stop } = watched([bulkKey, statsKey, jobKeys.one("a")]);
  refresher.bulkChanged();
  await vi.advanceTimersByTimeAsync(0);
  expect(fetched).toEqual([JSON.stringify(bulkKey)]);
  refresher.hold(true);
  refresher.bulkChanged();
  await vi.advanceTimersByTimeAsync(0);
  expect(fetched).toHaveLength(1);
  stop();
});
