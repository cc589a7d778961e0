import { expect, it } from "vitest";
import { wireBatch } from "@/testing/job-factories";
import { doneOf, lookOf, wordsFor } from "./batch-words";

const counts = { pending: 0, running: 0, waiting: 0, completed: 0, failed: 0, cancelled: 0, deleted: 0 };

it.each([
  [{ ...counts, pending: 10 }, 10, "0 of 10 jobs done: 10 pending"],
  [{ ...counts, completed: 1 }, 1, "1 of 1 job done: 1 completed"],
  [
    { ...counts, completed: 4_000, failed: 2, deleted: 1, running: 7 },
    4_010,
    "4,003 of 4,010 jobs done: 4,000 completed, 2 failed, 1 deleted, 7 running",
  ],
  [counts, 0, "0 of 0 jobs done"],
])("says how far it is: %o", (given, jobs, words) => {
  const said = wordsFor(wireBatch({ counts: given, jobs }));
  expect(said.replaceAll("\u00a0", " ")).toBe(words);
  // No number is torn from its word at the end of a line.
  expect(said).not.toMatch(/: \d+ |, \d+ /);
});

it.each([
  ["IN_PROGRESS", null, "In progress"],
  ["CANCELLING", "2026-11-24T10:00:00Z", "Cancelling"],
  ["ENDED", null, "Ended"],
  ["ENDED", "2026-11-24T10:00:00Z", "Cancelled"],
] as const)("names a batch that is %s, cancelled at %s", (status, cancelledAt, label) => {
  expect(lookOf({ status, cancelledAt: cancelledAt === null ? null : Date.parse(cancelledAt) }).label).toBe(
    label,
  );
});

it("counts as done what has ended, and what is no longer there", () => {
  const given = { pending: 1, running: 2, waiting: 4, completed: 8, failed: 16, cancelled: 32, deleted: 64 };
  expect(doneOf(wireBatch({ counts: given }))).toBe(120);
});
