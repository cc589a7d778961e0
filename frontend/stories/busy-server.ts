import type { WireFlow, WireWorker } from "../src/api/model.ts";
import { wireSession } from "../src/testing/access-factories.ts";
import { wireFlow } from "../src/testing/flow-factories.ts";
import { wirePlace, wireSide } from "../src/testing/job-factories.ts";
import { type Answers, ago, Refusal } from "./answers.ts";
import { COMPLETED, FAILED } from "./ended-jobs.ts";
import { BATCHES, CALLBACKS, DELIVERIES, ENDPOINTS } from "./kept.ts";
import { ALL_JOBS, counted, listed, tally } from "./many-jobs.ts";
import { OVER_BUDGET } from "./open-jobs.ts";
import { AUDIT, KEYS, SESSIONS } from "./people.ts";
import { CURRENCY, PRICES, usedBy } from "./prices.ts";
import { busySeries } from "./series.ts";

const TODAY = busySeries({ query: new URLSearchParams({ since: "2026-11-26T00:00:00.000Z" }) });

/** What a flow used today, and a budget if it has one, in whole units of the currency. */
function spending(name: string, budget: number | null): WireFlow["spending"] {
  const today = TODAY.flows.find((one) => one.flow === name);
  const [input = null, output = null] = PRICES[name] ?? [];
  return {
    currency: CURRENCY,
    inputPerMillionMicros: input,
    outputPerMillionMicros: output,
    tokensToday: today?.tokens ?? { prompt: 0, completion: 0 },
    costTodayMicros: input === null ? null : (today?.costMicros ?? 0),
    budgetPerDayMicros: budget === null ? null : budget * 1_000_000,
  };
}

function flow(
  name: string,
  processor: string,
  { budget = null, ...changes }: Partial<WireFlow> & { budget?: number | null } = {},
): WireFlow {
  const byStatus = tally(ALL_JOBS.filter((job) => job.flow === name).map((job) => job.status));
  return wireFlow({
    name,
    processor,
    isDefault: false,
    byStatus,
    inFlight: (byStatus["RUNNING"] ?? 0) + (byStatus["WAITING"] ?? 0),
    spending: spending(name, budget),
    ...changes,
  });
}

export const FLOWS: readonly WireFlow[] = [
  flow("chat", "azure-openai", { isDefault: true, concurrency: 20, ratePerMinute: 600 }),
  flow("summaries", "azure-openai", {
    budget: 40,
    concurrency: 4,
    limit: { name: "gpt-4o", concurrency: 30, requestsPerMinute: 900, tokensPerMinute: 90_000, inFlight: 6 },
    fallback: ["chat", "translations"],
    fallbackAfterSeconds: 30,
    concurrencyPerKey: 2,
    keysAtLimit: 1,
  }),
  flow("contracts", "openai", { budget: 5.5, onInvalidResult: "retry" }),
  flow("translations", "openai", { concurrency: 8 }),
  flow("invoices", "n8n", {
    maxAttempts: 2,
    executionsUrl: "https://n8n.example.com/workflow/q7HdPz/executions",
  }),
  flow("minutes", "openai", {
    spending: {
      ...spending("minutes", 10),
      tokensToday: { prompt: 3_520_400, completion: 120_600 },
      costTodayMicros: 10_007_000,
    },
    lane: {
      state: "closed",
      kind: "over_budget",
      detail: OVER_BUDGET.waitingOn?.detail ?? null,
      until: OVER_BUDGET.runAt,
    },
  }),
  flow("letters", "webhook", {
    lane: {
      state: "closed",
      kind: "outage",
      detail: "Connection refused by print.example.com:443",
      until: ago(-34),
    },
  }),
  flow("reports", "http", {
    lane: {
      state: "paused",
      kind: null,
      detail: "The data warehouse is being moved until noon.",
      until: null,
    },
  }),
];

const WORKERS: readonly WireWorker[] = ["worker-1", "worker-2"].map((name, nth) => ({
  id: `${name}-7f3a`,
  name,
  flows: FLOWS.map((one) => one.name),
  running: 2 - nth,
  startedAt: ago(3 * 86_400 + nth * 1_900),
  seenAt: ago(2 + nth),
}));

const BY_FLOW = Object.fromEntries(
  FLOWS.map(({ name }) => [
    name,
    tally(ALL_JOBS.filter((job) => job.flow === name).map((job) => job.status)),
  ]),
);

/** A server at which everything is under way. */
export const BUSY: Answers = {
  "/health": { status: "ok", store: { kind: "sqlite", state: "ok" }, version: "1.0.0" },
  "/session": wireSession(),
  "/session/ways": { auth: "off", ways: [] },
  "/sessions": [...SESSIONS],
  "/stats": {
    total: ALL_JOBS.length,
    byStatus: tally(ALL_JOBS.map((job) => job.status)),
    byFlow: BY_FLOW,
    oldestPendingSeconds: 1_260,
  },
  "/stats/series": busySeries,
  "/flows": [...FLOWS],
  "/workers": [...WORKERS],
  "/jobs": listed,
  "/jobs/count": counted,
  "/jobs/groups": {
    groups: [
      {
        value: "callback_overdue",
        flow: "invoices",
        count: 4,
        since: ago(3_100),
        until: ago(897),
        example: FAILED.id,
        costMicros: null,
      },
      {
        value: "timeout",
        flow: null,
        count: 3,
        since: ago(3_020),
        until: ago(240),
        example: FAILED.id,
        costMicros: 41_300,
      },
      {
        value: "content_filter",
        flow: "chat",
        count: 2,
        since: ago(2_600),
        until: ago(1_330),
        example: FAILED.id,
        costMicros: 12_800,
      },
    ],
    more: false,
    currency: "EUR",
  },
  "/jobs/{id}": ({ id }) => ALL_JOBS.find((job) => job.id === id) ?? new Refusal(404, "No job has this id."),
  "/jobs/{id}/place": ({ id }) =>
    ALL_JOBS.find((job) => job.id === id)?.status === "PENDING"
      ? wirePlace({
          ahead: 14,
          perMinute: 6.5,
          expectedStart: ago(-130),
          detail: "At most 14 jobs are ahead; the flow starts about 6.5 a minute.",
        })
      : wirePlace(),
  "/jobs/{id}/compare/{otherId}": {
    left: wireSide({
      id: COMPLETED.id,
      flow: "invoices",
      result: COMPLETED.result,
      resultVerdict: COMPLETED.resultVerdict,
      seconds: 18,
    }),
    right: wireSide({
      id: FAILED.id,
      flow: "contracts",
      result: COMPLETED.result?.replace("1240.00", "1204.00").replace("2026-12-21", "2026-12-05") ?? null,
      resultVerdict: COMPLETED.resultVerdict,
      seconds: 6.4,
      ...usedBy("contracts", 2_812, 164),
    }),
    samePrompt: true,
    sameResult: false,
    differences: [
      { path: "/positions/0/net", left: 1240, right: 1204 },
      { path: "/due", left: "2026-12-21", right: "2026-12-05" },
    ],
  },
  "/bulk-actions": [],
  "/callbacks": ({ query }) => {
    const verdicts = query.getAll("verdict").flatMap((text) => text.split(","));
    return CALLBACKS.filter(
      (one) =>
        (verdicts.length === 0 || verdicts.includes(one.verdict)) &&
        (query.get("jobId") ?? one.jobId) === one.jobId,
    );
  },
  "/callbacks/count": { byVerdict: tally(CALLBACKS.map((one) => one.verdict)), countedTo: 1_000 },
  "/callbacks/{id}": ({ id }) =>
    CALLBACKS.find((one) => one.id === id) ?? new Refusal(404, "No callback has this id."),
  "/batches": [...BATCHES],
  "/batches/{id}": ({ id }) =>
    BATCHES.find((one) => one.id === id) ?? new Refusal(404, "No batch has this id."),
  "/webhook-endpoints": [...ENDPOINTS],
  "/webhook-deliveries": ({ query }) => (query.has("jobId") ? [] : [...DELIVERIES]),
  "/webhook-deliveries/{id}": ({ id }) =>
    DELIVERIES.find((one) => one.id === id) ?? new Refusal(404, "No delivery has this id."),
  "/keys": [...KEYS],
  "/audit": [...AUDIT],
};

/** A server on which nothing has happened yet. */
export const NEW: Answers = {
  ...BUSY,
  "/sessions": [],
  "/stats": { total: 0, byStatus: {}, byFlow: {}, oldestPendingSeconds: null },
  "/stats/series": ({ query }) => ({
    ...busySeries({ query }),
    total: busySeries({ query: new URLSearchParams({ flow: "" }) }).total,
    flows: [],
    buckets: [],
    countedSince: ago(120),
  }),
  "/flows": [wireFlow()],
  "/workers": [...WORKERS.slice(0, 1)],
  "/jobs": [],
  "/jobs/count": { count: 0, more: false, byStatus: {}, complete: true },
  "/jobs/groups": { groups: [], more: false, currency: "EUR" },
  "/callbacks": [],
  "/callbacks/count": { byVerdict: {}, countedTo: 1_000 },
  "/batches": [],
  "/webhook-endpoints": [],
  "/webhook-deliveries": [],
  "/keys": [],
  "/audit": [],
};
