import type { WireJob, WireSummary } from "../src/api/model.ts";
import { type WireAttempt, wireAttempt, wireJob } from "../src/testing/job-factories.ts";
import { ago, idAt } from "./answers.ts";
import { exchangeOf } from "./exchanges.ts";
import { costOf } from "./prices.ts";

type What = WireJob["history"][number]["what"];

/** Something that happened to a job, so many seconds ago. */
export type Happened = readonly [
  seconds: number,
  what: What,
  attempt?: number | null,
  detail?: string | null,
];

/** A job that was submitted so many seconds ago, with a history of which times and attempts follow. */
export function told(
  flow: string,
  prompt: string,
  history: readonly Happened[],
  rest: Partial<WireJob> = {},
): WireJob {
  const [first = 0] = history[0] ?? [];
  const last = history.at(-1)?.[0] ?? first;
  const starts = history.filter(([, what]) => what === "started").length;
  const status = rest.status ?? "PENDING";
  const ended = status === "COMPLETED" || status === "FAILED" || status === "CANCELLED";
  const attempts = (rest.attempts ?? []).map((one) => ({
    ...priced(flow, one),
    exchange: exchangeOf(flow, prompt, rest.result ?? null, one),
  }));
  const costs = attempts.flatMap(({ costMicros }) => costMicros ?? []);
  return wireJob({
    id: idAt(first),
    flow,
    prompt,
    createdAt: ago(first),
    updatedAt: ago(last),
    runAt: ago(first),
    finishedAt: ended ? ago(last) : null,
    attempt: starts,
    promptBytes: Buffer.byteLength(prompt),
    resultBytes: rest.result == null ? null : Buffer.byteLength(rest.result),
    history: history.map(([at, what, attempt = null, detail = null]) => ({
      at: ago(at),
      what,
      attempt,
      detail,
    })),
    costMicros: costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0),
    ...rest,
    attempts,
    waitingOn: ended ? null : (rest.waitingOn ?? null),
  });
}

/** The verdict on a result in which nothing is wrong. */
export function verdict(kind: "json" | "text"): NonNullable<WireJob["resultVerdict"]> {
  return { kind, error: null, repaired: null, schemaErrors: [], warnings: [], note: null };
}

/** The job as a list shows it. */
export function inList(job: WireJob): WireSummary {
  const { attempts: _a, history: _h, resultSchema: _s, webhook: _w, ...summary } = job;
  return summary;
}

/** An attempt from so many seconds ago, to so many seconds ago if it has ended. */
export function attempt(
  number: number,
  from: number,
  to: number | null,
  rest: Partial<WireAttempt> = {},
): WireAttempt {
  return wireAttempt({
    number,
    startedAt: ago(from),
    endedAt: to === null ? null : ago(to),
    end: to === null ? null : "succeeded",
    ...rest,
  });
}

/** The attempt with what its tokens cost at the prices of the flow. */
function priced(flow: string, of: WireAttempt): WireAttempt {
  if (of.usage === null) return of;
  return {
    ...of,
    costMicros: costOf(of.flow ?? flow, of.usage.promptTokens ?? 0, of.usage.completionTokens ?? 0),
  };
}
