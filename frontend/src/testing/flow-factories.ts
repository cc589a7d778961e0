/** Flows, and what is counted of them, as the server sends them, with changes. */
import type { Series, SeriesCounts, WireFlow } from "@/api/model";

export function wireFlow(changes: Partial<WireFlow> = {}): WireFlow {
  return {
    name: "mock",
    processor: "mock",
    isDefault: true,
    maxAttempts: 3,
    concurrency: null,
    ratePerMinute: null,
    concurrencyPerKey: null,
    ratePerKey: null,
    keysAtLimit: 0,
    limit: null,
    inFlight: (changes.byStatus?.["RUNNING"] ?? 0) + (changes.byStatus?.["WAITING"] ?? 0),
    fallback: [],
    fallbackAfterSeconds: 60,
    fellBack: 0,
    onInvalidResult: "keep",
    executionsUrl: null,
    lane: { state: "open", kind: null, detail: null, until: null },
    spending: {
      currency: "USD",
      inputPerMillionMicros: null,
      outputPerMillionMicros: null,
      tokensToday: { prompt: 0, completion: 0 },
      costTodayMicros: null,
      budgetPerDayMicros: null,
    },
    byStatus: {},
    ...changes,
  };
}

/** What happened in a time; nothing, but for the changes. */
export function wireCounts(changes: Partial<SeriesCounts> = {}): SeriesCounts {
  return {
    completed: 0,
    failed: 0,
    failedByCode: {},
    cancelled: 0,
    expired: 0,
    retried: 0,
    attemptsRetried: 0,
    waitingAgeMs: null,
    durations: { scheduled: null, queued: null, handingOver: null, processing: null, total: null },
    tokens: { prompt: 0, completion: 0 },
    costMicros: 0,
    verdicts: {},
    ...changes,
  };
}

/** The last hour, without a period in which anything happened. */
export function wireSeries(changes: Partial<Series> = {}): Series {
  const now = Date.now();
  return {
    since: new Date(now - 3_600_000).toISOString(),
    until: new Date(now).toISOString(),
    step: "1h",
    countedSince: new Date(now - 400 * 86_400_000).toISOString(),
    currency: "USD",
    total: wireCounts(),
    flows: [],
    buckets: [],
    ...changes,
  };
}
