import type { Attempt, HistoryEvent, Job } from "@/api/model";
import { stretchesOf } from "./stages";

/** Waits that are shorter are seen in the time axis alone. */
const SHORTEST_WAIT_MS = 1000;

/** An event, and the one before it; undefined: the time between them is told otherwise. */
export interface Told {
  readonly event: HistoryEvent;
  readonly before: HistoryEvent | undefined;
}

/** `attempt`: undefined if the server no longer keeps its record. */
export interface Tried {
  readonly kind: "attempt";
  readonly number: number;
  readonly attempt: Attempt | undefined;
  readonly events: readonly Told[];
}

/** One thing in the course of a job. */
export type Item =
  | ({ readonly kind: "event" } & Told)
  | { readonly kind: "wait"; readonly scheduled: boolean; readonly retry: boolean; readonly ms: number }
  | Tried
  /** Attempts that were put back one after the other for one reason. */
  | { readonly kind: "put-back"; readonly first: Tried; readonly last: Tried };

const ENDS: ReadonlySet<HistoryEvent["what"]> = new Set([
  "snoozed",
  "attempt_failed",
  "lease_lost",
  "callback_overdue",
  "completed",
  "failed",
  "cancelled",
]);

/** What happened to a job, oldest first: each attempt with its own events, and what came between them. */
export function courseOf(job: Pick<Job, "history" | "attempts" | "idleMs">): Item[] {
  const items = eventsAndAttempts(job);
  const folded: Item[] = [];
  // Between two attempts that were put back there is nothing but the wait.
  const steps = runsOf(withWaits(items), (a, b) => isPutBack(a.item) && isSamePutBack(a.item, b.item));
  for (const run of steps) {
    const first = run[0];
    const last = run.at(-1);
    if (first?.item.kind === "attempt" && last?.item.kind === "attempt" && run.length > 1) {
      folded.push(...first.waits, { kind: "put-back", first: first.item, last: last.item });
    } else {
      folded.push(...run.flatMap(({ waits, item }) => [...waits, item]));
    }
  }
  return folded;
}

function withWaits(items: readonly Item[]): { waits: Item[]; item: Item }[] {
  const steps: { waits: Item[]; item: Item }[] = [];
  let waits: Item[] = [];
  for (const item of items) {
    if (item.kind === "wait") {
      waits.push(item);
    } else {
      steps.push({ waits, item });
      waits = [];
    }
  }
  return steps;
}

function eventsAndAttempts({
  history,
  attempts,
  idleMs,
}: Pick<Job, "history" | "attempts" | "idleMs">): Item[] {
  const records = new Map(attempts.map((attempt) => [attempt.number, attempt]));
  // Those that are under way have no line yet.
  const waits = stretchesOf(history, 0, idleMs).filter(
    ({ kind, from, to, until }) =>
      (kind === "queued" || kind === "scheduled") && until !== undefined && to - from >= SHORTEST_WAIT_MS,
  );
  const items: Item[] = [];
  let highest = 0;
  let open: { events: Told[]; number: number; over: boolean } | null = null;
  let before: HistoryEvent | undefined;
  // The server may have dropped the events of an attempt, and keep its record.
  const withoutEvents = (below: number) => {
    for (const [number, attempt] of records) {
      if (number > highest && number < below) items.push({ kind: "attempt", number, attempt, events: [] });
    }
  };
  const begin = (number: number) => {
    withoutEvents(number);
    highest = number;
    const events: Told[] = [];
    items.push({ kind: "attempt", number, attempt: records.get(number), events });
    return { events, number, over: false };
  };
  for (const event of history) {
    const waited = waits.filter(
      ({ until }) => until === event || (event.what === "fell_back" && isNext(until, event)),
    );
    for (const wait of waited) {
      waits.splice(waits.indexOf(wait), 1);
      const retry = highest > 0 && before?.what !== "retried";
      items.push({ kind: "wait", scheduled: wait.kind === "scheduled", retry, ms: wait.to - wait.from });
      open = null;
      before = undefined;
    }
    if (event.attempt !== null && event.attempt > highest) open = begin(event.attempt);
    else if (open?.over === true && event.attempt !== open.number) open = null;
    if (open === null) items.push({ kind: "event", event, before });
    else open.events.push({ event, before });
    if (open !== null && ENDS.has(event.what)) open.over = true;
    before = event;
  }
  withoutEvents(Number.POSITIVE_INFINITY);
  return items;
}

/** The start after falling back comes at once, and the wait was for both. */
function isNext(until: HistoryEvent | undefined, fellBack: HistoryEvent): boolean {
  return until?.what === "started" && until.attempt === fellBack.attempt;
}

/** Groups consecutive items that are the same. */
function runsOf<T>(items: readonly T[], same: (a: T, b: T) => boolean): T[][] {
  const runs: T[][] = [];
  for (const item of items) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run !== undefined && last !== undefined && same(last, item)) run.push(item);
    else runs.push([item]);
  }
  return runs;
}

const OF_PUT_BACK: ReadonlySet<HistoryEvent["what"]> = new Set(["fell_back", "started", "snoozed"]);

function isPutBack(item: Item): item is Tried {
  return (
    item.kind === "attempt" &&
    reasonOf(item) !== undefined &&
    item.events.every(({ event }) => OF_PUT_BACK.has(event.what))
  );
}

/** Why it was put back; undefined: it was not. */
function reasonOf({ attempt, events }: Tried): string | null | undefined {
  const snoozed = events.find(({ event }) => event.what === "snoozed");
  if (snoozed !== undefined) return snoozed.event.detail;
  return attempt?.end === "snoozed" ? (attempt.error?.message ?? null) : undefined;
}

function isSamePutBack(a: Item, b: Item): boolean {
  if (!(isPutBack(a) && isPutBack(b)) || reasonOf(a) !== reasonOf(b) || fellBack(a) !== fellBack(b))
    return false;
  return a.attempt === undefined || b.attempt === undefined || a.attempt.flow === b.attempt.flow;
}

function fellBack({ attempt, events }: Tried): boolean {
  return attempt === undefined
    ? events.some(({ event }) => event.what === "fell_back")
    : attempt.flow !== null;
}
