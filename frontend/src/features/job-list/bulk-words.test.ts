import { describe, expect, it } from "vitest";
import { wireBulkAction as action } from "@/testing/job-factories";
import { handled, jobs, outcomeOf, progressOf, wordsForWait } from "./bulk-words";

describe("what became of the jobs", () => {
  it.each([
    [action({ done: 5000 }), "5,000 retried"],
    [action({ action: "delete", done: 0 }), "0 deleted"],
    [
      action({ done: 34, skipped: { is_pending: 1, no_longer_matches: 1 } }),
      "34 retried, 2 skipped (1 pending, 1 no longer matching)",
    ],
    [
      action({ action: "replay", done: 1, failed: { invalid_flow: 2 } }),
      "1 replayed, 2 failed (without a usable flow)",
    ],
    [action({ skipped: { a_new_code: 1 } }), "0 retried, 1 skipped (a new code)"],
  ])("%#", (given, words) => expect(outcomeOf(given)).toBe(words));

  it("is counted, whatever it was", () => {
    expect(
      handled(action({ done: 1, skipped: { is_pending: 2, is_failed: 3 }, failed: { job_damaged: 4 } })),
    ).toBe(10);
  });
});

it.each([
  [action({ matched: 1_840, done: 412 }), "412 of 1,840 retried"],
  [
    action({ matched: 1_840, done: 34, skipped: { is_pending: 6 } }),
    "40 of 1,840: 34 retried, 6 skipped (pending)",
  ],
  // More than there were when they were counted.
  [action({ action: "cancel", matched: 1, done: 2 }), "2 of 2 cancelled"],
])("says how far it is: %#", (given, words) => expect(progressOf(given)).toBe(words));

it("counts jobs in words", () => {
  expect([jobs(1), jobs(0), jobs(5000), jobs(100_000, true), jobs(1, true)]).toEqual([
    "1 job",
    "0 jobs",
    "5,000 jobs",
    "more than 100,000 jobs",
    "more than 1 jobs",
  ]);
});

it("says what is waited for, known or not", () => {
  expect(wordsForWait("store_busy")).toContain("busy");
  expect(wordsForWait("a_new_code")).toBe("Waiting: a new code.");
});
