/** Jobs, and what belongs to them, as the server sends them, with changes. */
import type {
  BulkAction,
  Comparison,
  JobPlace,
  WireBatchWhole,
  WireCallback,
  WireJob,
  WireSummary,
} from "@/api/model";

export const T0 = "2026-11-24T10:00:00.000Z";

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
