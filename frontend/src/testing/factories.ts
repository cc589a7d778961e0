import type {
  BulkAction,
  Comparison,
  JobPlace,
  Series,
  SeriesCounts,
  WireAuditEntry,
  WireBatchWhole,
  WireCallback,
  WireDeliveryWhole,
  WireEndpoint,
  WireFlow,
  WireJob,
  WireKey,
  WireSession,
  WireSummary,
} from "@/api/model";

/** Jobs as the server sends them, with changes. */
const T0 = "2026-11-24T10:00:00.000Z";

export function wireJob(changes: Partial<WireJob> = {}): WireJob {
  return {
    id: "0123456789abcdef01234567",
    prompt: "Summarise this.",
    status: "PENDING",
    flow: "mock",
    createdAt: T0,
    updatedAt: T0,
    runAt: T0,
    finishedAt: null,
    idleMs: 0,
    priority: 0,
    attempt: 0,
    failures: 0,
    maxAttempts: 3,
    deadline: null,
    result: null,
    resultVerdict: null,
    answeredBy: null,
    error: null,
    progress: null,
    waitingOn: { kind: "worker", detail: "A worker takes it next.", until: null },
    tags: [],
    metadata: {},
    replayOf: null,
    batchId: null,
    batchLine: null,
    customId: null,
    key: null,
    costMicros: null,
    promptTruncated: false,
    promptBytes: 15,
    resultTruncated: false,
    resultBytes: null,
    attempts: [],
    history: [{ at: T0, what: "submitted", attempt: null, detail: null }],
    resultSchema: null,
    webhook: null,
    ...changes,
  };
}

export function wireSummary(changes: Partial<WireSummary> = {}): WireSummary {
  const {
    attempts: _attempts,
    history: _history,
    resultSchema: _schema,
    webhook: _webhook,
    ...summary
  } = wireJob();
  return { ...summary, ...changes };
}

export type WireAttempt = WireJob["attempts"][number];

/** The first attempt, under way. */
export function wireAttempt(changes: Partial<WireAttempt> = {}): WireAttempt {
  return {
    number: 1,
    startedAt: T0,
    worker: "worker-1",
    endedAt: null,
    end: null,
    error: null,
    executionId: null,
    usage: null,
    costMicros: null,
    partial: null,
    exchange: null,
    flow: null,
    ...changes,
  };
}

/** One of the two jobs of a comparison. */
export function wireSide(changes: Partial<Comparison["left"]> = {}): Comparison["left"] {
  return {
    id: "0123456789abcdef01234567",
    flow: "mock",
    status: "COMPLETED",
    result: null,
    resultVerdict: null,
    seconds: null,
    promptTokens: null,
    completionTokens: null,
    costMicros: null,
    ...changes,
  };
}

export function wireBatch(changes: Partial<WireBatchWhole> = {}): WireBatchWhole {
  return {
    id: "b123456789abcdef01234567",
    name: "Night",
    status: "IN_PROGRESS",
    createdAt: T0,
    cancelledAt: null,
    endedAt: null,
    keptUntil: null,
    lines: 10,
    jobs: 10,
    refused: 0,
    counts: { pending: 10, running: 0, waiting: 0, completed: 0, failed: 0, cancelled: 0, deleted: 0 },
    costMicros: null,
    flows: ["mock"],
    metadata: {},
    webhookUrl: null,
    errors: [],
    ...changes,
  };
}

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

/** A server without login. */
export function wireSession(changes: Partial<WireSession> = {}): WireSession {
  return {
    auth: "off",
    kind: "everyone",
    id: "",
    name: "",
    rights: ["admin", "operate", "read", "submit"],
    flows: null,
    expiresAt: null,
    ...changes,
  };
}

/** A server with keys, and one that was signed in with. */
export function keySession(...rights: WireSession["rights"]): WireSession {
  return wireSession({ auth: "keys", kind: "key", id: "abcdefghij", name: "nightly import", rights });
}

export function wireKey(changes: Partial<WireKey> = {}): WireKey {
  return {
    id: "abcdefghij",
    name: "nightly import",
    rights: ["submit"],
    flows: null,
    createdAt: T0,
    createdBy: "",
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    ratePerMinute: null,
    ...changes,
  };
}

export function wireAuditEntry(changes: Partial<WireAuditEntry> = {}): WireAuditEntry {
  return {
    id: "a".repeat(24),
    at: T0,
    act: "job_cancelled",
    outcome: "done",
    kind: "key",
    who: "abcdefghij",
    address: "10.0.0.7",
    requestId: "r1",
    what: "0123456789abcdef01234567",
    detail: null,
    ...changes,
  };
}

export function wireEndpoint(changes: Partial<WireEndpoint> = {}): WireEndpoint {
  return {
    id: "e123456789abcdef01234567",
    url: "https://example.com/hooks/jobs",
    events: ["cancelled", "completed", "failed"],
    flows: null,
    description: "",
    createdAt: T0,
    createdBy: "abcdefghij",
    disabledAt: null,
    disabledBecause: null,
    failingSince: null,
    ...changes,
  };
}

export function wireDelivery(changes: Partial<WireDeliveryWhole> = {}): WireDeliveryWhole {
  return {
    id: "d123456789abcdef01234567",
    messageId: "msg_d123456789abcdef01234567",
    event: "job.completed",
    state: "delivered",
    jobId: "0123456789abcdef01234567",
    endpointId: "e123456789abcdef01234567",
    batchId: null,
    flow: "mock",
    url: "https://example.com/hooks/jobs",
    createdAt: T0,
    nextAt: null,
    settledAt: T0,
    note: null,
    tries: [{ at: T0, milliseconds: 120, status: 200, error: null, answer: "" }],
    body: '{"type":"job.completed"}',
    ...changes,
  };
}

export function wireCallback(changes: Partial<WireCallback> = {}): WireCallback {
  return {
    id: "c".repeat(24),
    receivedAt: T0,
    lastReceivedAt: T0,
    deliveries: 1,
    verdict: "late",
    said: "result",
    jobId: "0123456789abcdef01234567",
    attempt: 1,
    executionId: null,
    flow: null,
    content: '{"answer": 42}',
    contentTruncated: false,
    contentBytes: 14,
    contentType: null,
    body: null,
    bodyBytes: null,
    bodyTruncated: false,
    ...changes,
  };
}

export function wireBulkAction(changes: Partial<BulkAction> = {}): BulkAction {
  return {
    id: "0".repeat(24),
    action: "retry",
    status: "DONE",
    query: {},
    flow: null,
    reason: null,
    limit: null,
    createdAt: T0,
    updatedAt: T0,
    endedAt: null,
    matched: 0,
    more: false,
    done: 0,
    skipped: {},
    failed: {},
    waitsFor: null,
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
export function wirePlace(changes: Partial<JobPlace> = {}): JobPlace {
  return {
    ahead: null,
    more: false,
    perMinute: null,
    expectedStart: null,
    detail: "The job has no place in the queue.",
    ...changes,
  };
}

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
