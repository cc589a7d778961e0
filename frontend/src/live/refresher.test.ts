import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { jobKeys } from "@/api/jobs";
import { createRefresher } from "./refresher";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function counted() {
  const queries = new QueryClient();
  const keys: string[] = [];
  vi.spyOn(queries, "invalidateQueries").mockImplementation(async (filter) => {
    keys.push(JSON.stringify(filter?.queryKey));
  });
  return {
    refresher: createRefresher(queries),
    lists: () => keys.filter((k) => k === '["jobs","list"]'),
    keys,
  };
}

it("fetches at once, then a burst as one, and never faster than every 300 ms", async () => {
  const { refresher, lists, keys } = counted();
  refresher.jobChanged("a");
  expect(lists()).toHaveLength(1);
  for (let i = 0; i < 100; i += 1) refresher.jobChanged(`b${i}`);
  await vi.advanceTimersByTimeAsync(299);
  expect(lists()).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(lists()).toHaveLength(2);
  expect(keys).toContain('["jobs","one","b99"]');
  expect(keys).toContain('["callbacks","job","b99"]');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(lists()).toHaveLength(2);
});

it("remembers while held and catches up once when released", async () => {
  const { refresher, keys } = counted();
  refresher.hold(true);
  refresher.jobChanged("a");
  refresher.everything();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(keys).toEqual([]);
  refresher.hold(false);
  expect(keys).toEqual(["[]"]);
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
