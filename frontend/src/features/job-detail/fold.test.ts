import { expect, it } from "vitest";
import type { Attempt, HistoryEvent } from "@/api/model";
import { attemptRuns, isCut, linesOf } from "./fold";

let at = 0;
let attempt = 0;

function event(what: HistoryEvent["what"], detail: string | null = null): HistoryEvent {
  at += 1000;
  if (what === "started") attempt += 1;
  return { at, what, attempt, detail };
}

function putBack(why: string): HistoryEvent[] {
  return [event("started"), event("snoozed", why)];
}

/** "what" of each line, with how often where it stands for many. */
function told(history: HistoryEvent[]): string[] {
  return linesOf(history).map((line) => ("times" in line ? `put back ${line.times}` : line.event.what));
}

it("many starts that were put back for one reason are one line, from the first to the last", () => {
  const history = [
    event("submitted"),
    ...putBack("down"),
    ...putBack("down"),
    ...putBack("down"),
    event("started"),
  ];
  expect(told(history)).toEqual(["submitted", "put back 3", "started"]);
  expect(linesOf(history)[1]).toEqual({ times: 3, first: history[1], last: history[6], before: history[0] });
  expect(linesOf(history)[2]).toEqual({ event: history[7], before: history[6] });
});

it("those that the server no longer keeps are counted too", () => {
  const first = putBack("down");
  attempt += 500;
  expect(told([...first, ...putBack("down")])).toEqual(["put back 502"]);
});

it("another reason is another line", () => {
  const history = [...putBack("down"), ...putBack("down"), ...putBack("429"), ...putBack("429")];
  expect(told(history)).toEqual(["put back 2", "put back 2"]);
});

it("one alone is told as it was", () => {
  expect(told([event("submitted"), ...putBack("down"), event("started"), event("completed")])).toEqual([
    "submitted",
    "started",
    "snoozed",
    "started",
    "completed",
  ]);
});

it("attempts that another flow put back are one line too", () => {
  const fell = () => [{ ...event("fell_back", "closed"), attempt: attempt + 1 }, ...putBack("down")];
  const history = [event("submitted"), ...fell(), ...fell(), ...putBack("down")];
  expect(told(history)).toEqual(["submitted", "put back 2", "started", "snoozed"]);
  attempt = 0;
  const first = [event("submitted"), ...fell()];
  expect(told(first)).toEqual(["submitted", "fell_back", "started", "snoozed"]);
  expect(isCut(first)).toBe(false);
});

it("what failed is never folded", () => {
  const failure = () => [event("started"), event("attempt_failed", "no")];
  expect(told([...failure(), ...failure()])).toEqual([
    "started",
    "attempt_failed",
    "started",
    "attempt_failed",
  ]);
});

it("a history whose beginning was cut off is told from there", () => {
  expect(
    told([event("submitted"), event("snoozed", "down"), ...putBack("down"), ...putBack("down")]),
  ).toEqual(["submitted", "snoozed", "put back 2"]);
});

it("attempts that were put back for one reason are one row", () => {
  const attempt = (number: number, end: Attempt["end"], message: string): Attempt => ({
    number,
    startedAt: number,
    endedAt: number,
    worker: "w",
    executionId: null,
    flow: null,
    end,
    error: { code: "outage", message },
    usage: null,
    costMicros: null,
    partial: null,
  });
  const runs = attemptRuns([
    attempt(1, "snoozed", "down"),
    attempt(2, "snoozed", "down"),
    attempt(3, "snoozed", "refused"),
    attempt(4, "failed", "no"),
    attempt(5, "failed", "no"),
  ]);
  expect(runs.map((run) => run.map(({ number }) => number))).toEqual([[1, 2], [3], [4], [5]]);
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
