import { expect, it } from "vitest";
import { toFlow } from "@/api/model";
import { wireFlow } from "@/testing/flow-factories";
import {
  inOrderOf,
  wordsForConcurrency,
  wordsForFallback,
  wordsForFlow,
  wordsForKeyLimits,
  wordsForLane,
  wordsForSharedLimit,
} from "./lane-words";

const lane = { detail: null, until: null };

it.each([
  ["open", null, "Open", /as they arrive/],
  ["paused", null, "Paused", /resumed/],
  ["closed", "rate_limited", "Rate limited", /rate limited/],
  ["closed", "outage", "Unreachable", /No job fails/],
  ["closed", "misconfigured", "Misconfigured", /credentials or an option/],
  ["closed", "out_of_credit", "Out of credit", /no credit left/],
  ["closed", "something_new", "Closed", /No jobs are sent/],
  ["closed", "constructor", "Closed", /No jobs are sent/],
  ["removed", "no_flow", "Removed", /flows\.toml/],
  ["new_state", null, "new_state", /^$/],
])("a lane that is %s (%s) reads %s", (state, kind, title, meaning) => {
  const words = wordsForLane({ ...lane, state, kind });
  expect(words.title).toBe(title);
  expect(words.meaning).toMatch(meaning);
});

it.each([
  ["below its limit", { concurrency: 3, byStatus: { WAITING: 2, PENDING: 9 } }, "Open", "2 of 3 in use"],
  ["at its limit", { concurrency: 3, byStatus: { WAITING: 2, RUNNING: 1 } }, "Full", "3 of 3 in use"],
  ["without a limit", { byStatus: { WAITING: 2 } }, "Open", "no limit"],
  [
    "paused at its limit",
    { concurrency: 1, byStatus: { WAITING: 1 }, lane: { ...lane, state: "paused", kind: null } },
    "Paused",
    "1 of 1 in use",
  ],
])("a flow %s", (_, changes, title, places) => {
  const flow = toFlow(wireFlow(changes));
  expect(wordsForFlow(flow).title).toBe(title);
  expect(wordsForConcurrency(flow)).toBe(places);
});

/** A rate, whose spaces do not break. */
function untorn(words: string | null): string | null {
  return words?.replaceAll(" / ", "\u00a0/\u00a0") ?? null;
}

it.each([
  ["no limits", {}, null],
  ["a concurrency", { concurrencyPerKey: 2 }, "2 at a time"],
  ["a rate", { ratePerKey: 1.5 }, "1.5 / min"],
  [
    "both, and one key at them",
    { concurrencyPerKey: 2, ratePerKey: 60, keysAtLimit: 1 },
    "2 at a time, 60 / min (1 key at the limit)",
  ],
  ["many keys at it", { concurrencyPerKey: 1, keysAtLimit: 1234 }, "1 at a time (1,234 keys at the limit)"],
])("keys with %s", (_, changes, words) => {
  expect(wordsForKeyLimits(toFlow(wireFlow(changes)))).toBe(untorn(words));
});

it.each([
  ["nothing", null, null],
  ["places", { concurrency: 20, inFlight: 12 }, "openai: 12 of 20 in use"],
  ["a rate", { requestsPerMinute: 600, inFlight: 12 }, "openai: 600 / min"],
  ["tokens", { tokensPerMinute: 2_000_000, inFlight: 12 }, "openai: 2,000,000 tokens / min"],
  [
    "all of it, for a key that sees one flow",
    { concurrency: 20, requestsPerMinute: 600, tokensPerMinute: 90_000 },
    "openai: 20 at a time, 600 / min, 90,000 tokens / min",
  ],
])("a flow that shares %s", (_, limit, words) => {
  const none = {
    name: "openai",
    concurrency: null,
    requestsPerMinute: null,
    tokensPerMinute: null,
    inFlight: null,
  };
  expect(wordsForSharedLimit(toFlow(wireFlow({ limit: limit && { ...none, ...limit } })))).toBe(
    untorn(words),
  );
});

it.each([
  [["a", "b", "c"], ["c", "a", "b"], "abc"],
  [["a", "b"], ["new", "b", "a", "other"], "abnewother"],
  [[], ["b", "a"], "ba"],
  [["gone", "b"], ["a", "b"], "ba"],
])("flows that were shown as %j stay so when %j come", (before, names, expected) => {
  const flows = names.map((name) => toFlow(wireFlow({ name })));
  expect(
    inOrderOf(before, flows)
      .map(({ name }) => name)
      .join(""),
  ).toBe(expected);
});

it.each([
  ["none", {}, null],
  ["one", { fallback: ["b"] }, "after 60 s: b"],
  [
    "two, and jobs there",
    { fallback: ["b", "c"], fallbackAfterSeconds: 5, fellBack: 1200 },
    "after 5 s: b, else c (1,200 in flight there)",
  ],
])("a flow with %s to fall back to", (_, changes, words) => {
  expect(wordsForFallback(toFlow(wireFlow(changes)))).toBe(words);
});
