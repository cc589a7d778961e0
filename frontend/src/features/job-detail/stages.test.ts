import { expect, it } from "vitest";
import type { HistoryEvent } from "@/api/model";
import { isCut, stagesOf, stretchesOf } from "./stages";

function history(...events: [HistoryEvent["what"], number][]): HistoryEvent[] {
  return events.map(([what, at]) => ({
    what,
    at,
    attempt: what === "submitted" || (at === events[1]?.[1] && what === "cancelled") ? null : 1,
    detail: null,
  }));
}

function sums(events: HistoryEvent[], now: number, idleMs = 0) {
  return Object.fromEntries(
    stagesOf(stretchesOf(events, now, idleMs))
      .filter(({ ms }) => ms > 0)
      .map(({ kind, ms }) => [kind, ms]),
  );
}

it("splits a job's time into our queue, our hands, and somebody else's", () => {
  const events = history(["submitted", 0], ["started", 10], ["accepted", 40], ["completed", 5_040]);
  expect(sums(events, 99_999)).toEqual({ queued: 10, running: 30, waiting: 5_000 });
});

it("adds up over attempts, and counts the wait before the next one as queueing", () => {
  const events = history(
    ["submitted", 0],
    ["started", 10],
    ["attempt_failed", 20],
    ["started", 1_020],
    ["completed", 1_030],
  );
  expect(sums(events, 0)).toEqual({ queued: 1_010, running: 20 });
});

it("lets the stage under way last until now, and the time after the end count for nothing", () => {
  expect(sums(history(["submitted", 0], ["started", 10]), 110)).toEqual({
    queued: 10,
    running: 100,
  });
  expect(sums(history(["submitted", 0], ["cancelled", 10]), 9_999)).toMatchObject({ queued: 10 });
});

it("goes on with a stage when the processor's answer to an earlier cancel comes in", () => {
  const events = history(
    ["submitted", 0],
    ["started", 10],
    ["cancelled", 20],
    ["cancel_answered", 25],
    ["retried", 1_000],
    ["cancel_answered", 1_005],
    ["started", 1_010],
  );
  expect(sums(events, 1_110)).toEqual({ queued: 20, running: 110 });
});

it("goes on waiting while the processor is asked, and has ended when a result comes too late", () => {
  const events = history(
    ["submitted", 0],
    ["started", 10],
    ["accepted", 20],
    ["asked", 30],
    ["asked", 50],
    ["cancelled", 60],
    ["late_result", 90],
  );
  expect(sums(events, 1_000)).toEqual({ queued: 10, running: 10, waiting: 40 });
});

it("is not confused by clocks that went back, or by events it does not know", () => {
  expect(sums(history(["submitted", 100], ["started", 50], ["completed", 60]), 0)).toEqual({
    running: 10,
  });
  const odd = [{ what: "constructor", at: 0, attempt: null, detail: null }] as unknown as HistoryEvent[];
  expect(sums(odd, 5)).toEqual({});
});

it("tells the start that was asked for from the queue, and leaves the time between an end and a retry out", () => {
  const events = history(
    ["submitted", 0],
    ["started", 12_400],
    ["failed", 12_500],
    ["retried", 90_000],
    ["started", 90_010],
  );
  expect(sums(events, 90_110, 12_000 + 77_500)).toEqual({ scheduled: 12_000, queued: 410, running: 200 });
});

it("calls the whole wait of a job scheduled that was cancelled before its start", () => {
  expect(sums(history(["submitted", 0], ["cancelled", 500]), 9_999, 60_000)).toEqual({ scheduled: 500 });
});

it("keeps the stages in the order in which they came", () => {
  const events = history(["submitted", 0], ["started", 10], ["attempt_failed", 20], ["started", 50]);
  expect(stretchesOf(events, 60, 5).map(({ kind, from, to }) => [kind, from, to])).toEqual([
    ["scheduled", 0, 5],
    ["queued", 5, 10],
    ["running", 10, 20],
    ["queued", 20, 50],
    ["running", 50, 60],
  ]);
});

it("does not call it a wait when the server no longer keeps what happened", () => {
  const events = history(["submitted", 0], ["snoozed", 900], ["started", 1_000]);
  expect(sums(events, 1_010)).toEqual({ unkept: 900, queued: 100, running: 10 });
});

it.each<[string, [HistoryEvent["what"], number | null][], boolean]>([
  ["just submitted", [["submitted", null]], false],
  [
    "started",
    [
      ["submitted", null],
      ["started", 1],
      ["snoozed", 1],
      ["started", 2],
    ],
    false,
  ],
  [
    "cancelled before it was started",
    [
      ["submitted", null],
      ["cancelled", null],
    ],
    false,
  ],
  [
    "put back more often than is kept",
    [
      ["submitted", null],
      ["started", 12],
      ["snoozed", 12],
    ],
    true,
  ],
  [
    "cut in the middle of an attempt",
    [
      ["submitted", null],
      ["snoozed", 1],
      ["started", 2],
    ],
    true,
  ],
])("the history of a job that was %s", (_, events, cut) => {
  expect(isCut(events.map(([what, attempt]) => ({ at: 0, what, attempt, detail: null })))).toBe(cut);
});
