import { beforeEach, expect, it } from "vitest";
import type { Attempt, HistoryEvent } from "@/api/model";
import { courseOf, type Item } from "./course";

let at = 0;
let attempt = 0;

/** Each event 10 ms after the one before. */
function event(what: HistoryEvent["what"], detail: string | null = null): HistoryEvent {
  at += 10;
  if (what === "started") attempt += 1;
  const number = what === "fell_back" ? attempt + 1 : attempt;
  return {
    at,
    what,
    attempt: number === 0 || what === "retried" || what === "submitted" ? null : number,
    detail,
  };
}

function later(ms: number, one: HistoryEvent): HistoryEvent {
  at += ms;
  return { ...one, at: one.at + ms };
}

function putBack(why: string): HistoryEvent[] {
  return [event("started"), event("snoozed", why)];
}

function record(number: number, end: Attempt["end"] = "failed", message = "no"): Attempt {
  return {
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
    exchange: null,
  };
}

beforeEach(() => {
  at = 0;
  attempt = 0;
});

function story(...events: HistoryEvent[]): HistoryEvent[] {
  return events;
}

function said(item: Item): string {
  switch (item.kind) {
    case "event":
      return item.event.what;
    case "wait":
      return `${item.scheduled ? "scheduled" : item.retry ? "retry" : "queue"} ${item.ms}`;
    case "put-back":
      return `put back ${item.first.number} to ${item.last.number}`;
    case "attempt":
      return `#${item.number}: ${item.events.map(({ event }) => event.what).join(" ")}`;
  }
}

function told(history: HistoryEvent[], attempts: Attempt[] = [], idleMs = 0): string[] {
  return courseOf({ history, attempts, idleMs }).map(said);
}

it("each attempt has its own events, and what came before and after stands beside it", () => {
  const history = story(
    event("submitted"),
    event("started"),
    event("accepted"),
    event("attempt_failed"),
    event("fell_back"),
    event("started"),
    event("completed"),
    event("result_accepted"),
  );
  expect(told(history)).toEqual([
    "submitted",
    "#1: started accepted attempt_failed",
    "#2: fell_back started completed result_accepted",
  ]);
});

it("what is told of an older attempt while a newer one runs stands in the newer one, in order", () => {
  const history = story(event("submitted"), event("started"), event("attempt_failed"), event("started"));
  const late: HistoryEvent = { at: at + 5, what: "late_result", attempt: 1, detail: null };
  expect(told([...history, late, event("completed")])).toEqual([
    "submitted",
    "#1: started attempt_failed",
    "#2: started late_result completed",
  ]);
});

it("what comes for an older attempt after the newest has ended stands for itself", () => {
  const history = story(event("started"), event("attempt_failed"), event("started"), event("completed"));
  const late: HistoryEvent = { at: at + 5, what: "late_result", attempt: 1, detail: null };
  expect(told([...history, late])).toEqual([
    "#1: started attempt_failed",
    "#2: started completed",
    "late_result",
  ]);
});

it("waits of a second and more are lines of their own, and tell what was waited for", () => {
  const history = story(
    event("submitted"),
    later(4_000, event("started")),
    event("attempt_failed"),
    later(999, event("fell_back")),
    event("started"),
    event("lease_lost"),
    later(5_000, event("fell_back")),
    event("started"),
    event("failed"),
    later(60_000, event("retried")),
    later(1_000, event("started")),
  );
  expect(told(history, [], 63_000 + 10)).toEqual([
    "submitted",
    "scheduled 3000",
    "queue 1010",
    "#1: started attempt_failed",
    "retry 1019",
    "#2: fell_back started lease_lost",
    "retry 5020",
    "#3: fell_back started failed",
    "retried",
    "queue 1010",
    "#4: started",
  ]);
});

it("a job that was cancelled while it waited says for how long, and then that it was", () => {
  const history = story(event("started"), event("attempt_failed"), later(2_000, event("cancelled")));
  expect(told(history)).toEqual(["#1: started attempt_failed", "retry 2010", "cancelled"]);
});

it("attempts that were put back for one reason are one, from the first to the last, with their waits", () => {
  const history = story(
    event("submitted"),
    ...putBack("down"),
    later(20_000, event("started")),
    event("snoozed", "down"),
    ...putBack("refused"),
    event("started"),
  );
  expect(told(history)).toEqual(["submitted", "put back 1 to 2", "#3: started snoozed", "#4: started"]);
});

it("those that the server no longer keeps are counted too", () => {
  const first = story(event("submitted"), ...putBack("down"));
  attempt += 500;
  expect(told([...first, ...putBack("down")])).toEqual(["submitted", "put back 1 to 502"]);
});

it("another flow's put-backs are not folded into those of the job's own", () => {
  const history = story(event("submitted"), ...putBack("down"), event("fell_back"), ...putBack("down"));
  expect(told(history)).toHaveLength(3);
});

it("what failed is never folded", () => {
  const failure = () => [event("started"), event("attempt_failed", "no")];
  expect(told(story(...failure(), ...failure()))).toHaveLength(2);
});

it("an attempt whose events were dropped is told from its record, at its place", () => {
  const history = story(event("submitted"));
  attempt = 3;
  history.push(event("started"));
  expect(told(history, [record(2), record(3), record(4), record(5)])).toEqual([
    "submitted",
    "#2: ",
    "#3: ",
    "#4: started",
    "#5: ",
  ]);
  const snoozed = [record(1, "snoozed", "down"), record(2, "snoozed", "down"), record(3, "snoozed", "other")];
  expect(told([], snoozed)).toEqual(["put back 1 to 2", "#3: "]);
});

it("a job that was never started has its events alone", () => {
  expect(told(story(event("submitted"), later(3_000, event("cancelled"))))).toEqual([
    "submitted",
    "queue 3010",
    "cancelled",
  ]);
});
