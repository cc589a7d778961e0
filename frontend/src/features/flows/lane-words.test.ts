import { expect, it } from "vitest";
import { toFlow } from "@/api/model";
import { wireFlow } from "@/testing/factories";
import { inOrderOf, wordsForConcurrency, wordsForFlow, wordsForLane } from "./lane-words";

const lane = { detail: null, until: null };

it.each([
  ["open", null, "Open", /as they arrive/],
  ["paused", null, "Paused", /resumed/],
  ["closed", "rate_limited", "Rate limited", /rate limited/],
  ["closed", "outage", "Unreachable", /none fails/],
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
