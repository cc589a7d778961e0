import type { Durations, Series, SeriesCounts } from "../src/api/model.ts";
import { wireCounts, wireSeries } from "../src/testing/flow-factories.ts";
import { type Asked, ago, NOW } from "./answers.ts";
import { CURRENCY, costOf } from "./prices.ts";

const STEP_SECONDS: Readonly<Record<string, number>> = {
  "1m": 60,
  "5m": 300,
  "15m": 900,
  "1h": 3_600,
  "6h": 21_600,
  "1d": 86_400,
};

/**
 * Of each flow: jobs an hour at its busiest, the part of them that fails, how long one takes, its tokens, and the parts
 * of its results by verdict.
 */
const FLOWS = [
  {
    flow: "chat",
    perHour: 420,
    fails: 0.004,
    seconds: 2.4,
    code: "content_filter",
    tokens: [310, 90],
    verdicts: { text: 1 },
  },
  {
    flow: "translations",
    perHour: 260,
    fails: 0.002,
    seconds: 1.1,
    code: "timeout",
    tokens: [120, 130],
    verdicts: { text: 1 },
  },
  {
    flow: "summaries",
    perHour: 140,
    fails: 0.02,
    seconds: 7.5,
    code: "timeout",
    tokens: [2_900, 240],
    verdicts: { text: 0.96, unchecked: 0.04 },
  },
  {
    flow: "invoices",
    perHour: 80,
    fails: 0.03,
    seconds: 18,
    code: "callback_overdue",
    tokens: [0, 0],
    verdicts: { json: 0.97, malformed: 0.03 },
  },
  {
    flow: "contracts",
    perHour: 12,
    fails: 0.01,
    seconds: 6,
    code: "rejected",
    tokens: [21_000, 640],
    verdicts: { json: 0.7, schema_mismatch: 0.2, malformed: 0.1 },
  },
] as const;

type OfFlow = (typeof FLOWS)[number];

/** How busy the office is at a time, from 0 to 1: little at night, most before and after lunch. */
function busy(ms: number): number {
  const hour = (ms / 3_600_000) % 24;
  const day = Math.exp(-(((hour - 10.5) / 2.6) ** 2)) + 0.9 * Math.exp(-(((hour - 15) / 2.4) ** 2));
  const wave = 0.86 + 0.14 * Math.sin(ms / 1_130_000) * Math.cos(ms / 410_000);
  return Math.min(1, 0.06 + day * wave);
}

function counts(
  { flow, perHour, fails, code, tokens, verdicts, seconds }: OfFlow,
  at: number,
  step: number,
): SeriesCounts {
  const jobs = Math.round((perHour * busy(at + step * 500) * step) / 3_600);
  // At noon the provider of the models was slow.
  const hard = Math.abs(at - (NOW - 2.4 * 3_600_000)) < 1_500_000 ? 7 : 1;
  const failed = Math.round(jobs * fails * hard);
  const [prompt, completion] = tokens;
  return wireCounts({
    completed: jobs - failed,
    failed,
    failedByCode: failed > 0 ? { [code]: failed } : {},
    attemptsRetried: failed * 2,
    waitingAgeMs: Math.round((300 + 620 * busy(at) * hard) * seconds),
    durations: durations(seconds * Math.sqrt(hard), jobs),
    tokens: { prompt: prompt * jobs, completion: completion * jobs },
    costMicros: costOf(flow, prompt * jobs, completion * jobs) ?? 0,
    verdicts: shared(jobs - failed, verdicts),
  });
}

/** So many results by verdict. What is left by rounding has the first one. */
function shared(results: number, parts: Readonly<Record<string, number>>): Record<string, number> {
  const [[first = ""] = [], ...others] = Object.entries(parts);
  const rest = others.map(([kind, part]) => [kind, Math.round(results * part)] as const);
  const all = [[first, results - rest.reduce((sum, [, count]) => sum + count, 0)] as const, ...rest];
  return Object.fromEntries(all.filter(([, count]) => count > 0));
}

function durations(seconds: number, jobs: number): Durations {
  const of = (part: number) => ({
    p50: Math.round(seconds * 1_000 * part),
    p95: Math.round(seconds * 2_300 * part),
    p99: Math.round(seconds * 4_100 * part),
    jobs,
  });
  return { scheduled: null, queued: of(0.12), handingOver: of(0.03), processing: of(0.85), total: of(1) };
}

function summed(all: readonly SeriesCounts[], seconds: number): SeriesCounts {
  const sum = (of: (one: SeriesCounts) => number) => all.reduce((total, one) => total + of(one), 0);
  const failedByCode = sums(all.map((one) => one.failedByCode));
  const completed = sum((one) => one.completed);
  return wireCounts({
    completed,
    failed: sum((one) => one.failed),
    failedByCode: Object.fromEntries(Object.entries(failedByCode).toSorted(([, a], [, b]) => b - a)),
    attemptsRetried: sum((one) => one.attemptsRetried),
    waitingAgeMs: Math.max(...all.map((one) => one.waitingAgeMs ?? 0)),
    durations: durations(seconds, completed),
    tokens: { prompt: sum((one) => one.tokens.prompt), completion: sum((one) => one.tokens.completion) },
    costMicros: sum((one) => one.costMicros),
    verdicts: sums(all.map((one) => one.verdicts)),
  });
}

function sums(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [name, count] of all.flatMap((one) => Object.entries(one)))
    found[name] = (found[name] ?? 0) + count;
  return found;
}

/** What happened on a busy server; the answer to `GET /stats/series`. */
export function busySeries({ query }: Pick<Asked, "query">): Series {
  const step = query.get("step") ?? "1h";
  const seconds = STEP_SECONDS[step] ?? 3_600;
  const since = Math.floor(Date.parse(query.get("since") ?? ago(86_400)) / 1_000 / seconds) * seconds * 1_000;
  const wanted = FLOWS.filter(({ flow }) => (query.get("flow") ?? flow) === flow);
  const starts = Array.from(
    { length: Math.ceil((NOW - since) / 1_000 / seconds) },
    (_, nth) => since + nth * seconds * 1_000,
  );
  const table = wanted.map((one) =>
    starts.map((at) => counts(one, at, Math.min(seconds, (NOW - at) / 1_000))),
  );
  const flows = wanted.map((one, nth) => ({ flow: one.flow, ...summed(table[nth] ?? [], one.seconds) }));
  const buckets = starts.map((at, nth) => ({
    at: new Date(at).toISOString(),
    partial: at + seconds * 1_000 > NOW,
    ...summed(
      table.flatMap((row) => row[nth] ?? []),
      (wanted.length === 1 ? (wanted[0]?.seconds ?? 0) : 3.2) * (1 + 0.5 * busy(at)),
    ),
  }));
  return wireSeries({
    since: new Date(since).toISOString(),
    until: ago(0),
    step,
    countedSince: ago(40 * 86_400),
    currency: CURRENCY,
    total: summed(flows, wanted.length === 1 ? (wanted[0]?.seconds ?? 0) : 3.9),
    flows,
    buckets,
  });
}
