import { expect, it } from "vitest";
import { restAfter } from "./pace";

it.each<[string, number, number, number]>([
  ["nothing", 0, 0, 300],
  ["one small answer", 1, 200, 400],
  ["four small answers", 4, 2_000, 1_600],
  ["one long answer", 1, 409_600, 10_000],
])("after %s the next refetch waits", (_, requests, bytes, rest) => {
  expect(restAfter({ requests: 7, bytes: 7 }, { requests: 7 + requests, bytes: 7 + bytes })).toBeCloseTo(
    rest,
    0,
  );
});
