import type { components } from "./schema";

/**
 * The API's types, mapped once: times become milliseconds (numbers, so that TanStack Query can see that nothing
 * changed); everything else keeps its name and shape.
 */
type Wire = components["schemas"];

export type WireSummary = Omit<Wire["JobRow"], "snippets"> & { snippets?: Wire["SnippetOut"][] };
export type WireJob = Wire["JobWhole"];
export type WireFlow = Wire["FlowOut"];
export type WireWorker = Wire["WorkerOut"];
export type WireCallback = Wire["KeptCallback"];
export type WireSession = Wire["SessionOut"];
export type WireActiveSession = Wire["ActiveSessionOut"];
export type WireKey = Wire["KeyOut"];
export type WireAuditEntry = Wire["AuditOut"];

export type WireEndpoint = Wire["EndpointOut"];
export type WireDelivery = Wire["DeliveryOut"];
export type WireDeliveryWhole = Wire["DeliveryWhole"];
export type WireBatch = Wire["BatchSummary"];
export type WireBatchWhole = Wire["BatchWhole"];

export type Verdict = Wire["VerdictOut"];
export type Submission = Wire["Submission"];
export type ReplayRequest = Wire["ReplayRequest"];
export type Comparison = Wire["Comparison"];
export type Stats = Wire["StatsOut"];
export type Series = Wire["SeriesOut"];
export type SeriesBucket = Wire["SeriesBucket"];
export type SeriesCounts = Wire["SeriesCounts"];
export type SeriesFlow = Wire["SeriesFlow"];
export type Durations = Wire["DurationsOut"];
export type Percentiles = Wire["PercentilesOut"];
export type JobPlace = Wire["JobPlace"];
export type JobCount = Wire["JobCount"];
export type BulkCount = Wire["BulkCount"];
export type Health = Wire["HealthOut"];
export type BulkAction = Wire["BulkActionOut"];
export type BulkKind = Wire["BulkKind"];

/** T with the times K as milliseconds. */
type InMs<T, K extends keyof T> = {
  [P in keyof T]: P extends K ? (null extends T[P] ? number | null : number) : T[P];
};

export type WaitingOn = InMs<Wire["WaitingOn"], "until">;
type Mapped<T extends Omit<WireSummary, "snippets">> = Omit<
  InMs<T, "createdAt" | "updatedAt" | "runAt" | "finishedAt" | "deadline">,
  "waitingOn"
> & { waitingOn: WaitingOn | null };

export type Snippet = Wire["SnippetOut"];
/** `snippets`: where the words of a search stand, in the rows of one. */
export type JobSummary = Mapped<Omit<WireSummary, "snippets">> & { readonly snippets?: readonly Snippet[] };
export type JobGroups = Wire["JobGroups"];
export type GroupBy = "error" | "flow" | "tag" | "verdict" | "key";
export type JobGroup = JobGroups["groups"][number];
export type Attempt = InMs<Wire["AttemptOut"], "startedAt" | "endedAt">;
export type HistoryEvent = InMs<Wire["EventOut"], "at">;
export type Job = Omit<Mapped<WireJob>, "attempts" | "history"> & {
  attempts: Attempt[];
  history: HistoryEvent[];
};
export type Lane = InMs<Wire["LaneOut"], "until">;
export type Flow = Omit<WireFlow, "lane"> & { lane: Lane };
export type Worker = InMs<WireWorker, "startedAt" | "seenAt">;
export type KeptCallback = InMs<WireCallback, "receivedAt" | "lastReceivedAt">;
export type CallbackCounts = Wire["CallbackCounts"];
export type CallbackVerdict = Wire["CallbackVerdict"];
export type Right = Wire["Right"];
export type AuditAct = Wire["AuditAct"];
export type AuditOutcome = Wire["AuditOutcome"];
export type KeyRequest = Wire["KeyRequest"];
/** Who asks, and what they may. */
export type Session = InMs<WireSession, "expiresAt">;
/** A sign-in of this or another browser. */
export type ActiveSession = InMs<WireActiveSession, "createdAt" | "seenAt" | "expiresAt">;
type KeyTimes = "createdAt" | "expiresAt" | "revokedAt" | "lastUsedAt";
export type ApiKey = InMs<WireKey, KeyTimes>;
/** A new key with its text, which cannot be shown again. */
export type MadeKey = InMs<Wire["MadeKeyOut"], KeyTimes>;
export type AuditEntry = InMs<WireAuditEntry, "at">;
type BatchTimes = "createdAt" | "cancelledAt" | "endedAt" | "keptUntil";
export type Batch = InMs<WireBatch, BatchTimes>;
/** With the first of the lines that were refused. */
export type BatchWhole = InMs<WireBatchWhole, BatchTimes>;

export type WebhookEvent = Wire["WebhookEvent"];
export type DeliveryState = Wire["DeliveryState"];
export type EndpointRequest = Wire["EndpointRequest"];
type EndpointTimes = "createdAt" | "disabledAt" | "failingSince";
/** A standing receiver of webhooks. */
export type Endpoint = InMs<WireEndpoint, EndpointTimes>;
/** With its secret, which cannot be shown again. */
export type MadeEndpoint = InMs<Wire["MadeEndpointOut"], EndpointTimes>;
/** One request of a delivery. */
export type Try = InMs<Wire["TryOut"], "at">;
type TimedDelivery<T extends WireDelivery> = Omit<InMs<T, "createdAt" | "nextAt" | "settledAt">, "tries"> & {
  tries: Try[];
};
/** One notice for one receiver. */
export type Delivery = TimedDelivery<WireDelivery>;
export type DeliveryWhole = TimedDelivery<WireDeliveryWhole>;

export function toSummary(wire: WireSummary): JobSummary {
  return mapped(wire);
}

/** The rows of a list that was asked for without `fields`, and so has all of them. */
export function toSummaries(wire: readonly (WireSummary | Wire["JobRowPart"])[]): JobSummary[] {
  return wire.map((row) => toSummary(row as WireSummary));
}

export function toJob(wire: WireJob): Job {
  return {
    ...mapped(wire),
    attempts: wire.attempts.map((attempt) => ({
      ...attempt,
      startedAt: ms(attempt.startedAt),
      endedAt: msOrNull(attempt.endedAt),
    })),
    history: wire.history.map((event) => ({ ...event, at: ms(event.at) })),
  };
}

export function toFlow(wire: WireFlow): Flow {
  return { ...wire, lane: { ...wire.lane, until: msOrNull(wire.lane.until) } };
}

export function toWorker(wire: WireWorker): Worker {
  return { ...wire, startedAt: ms(wire.startedAt), seenAt: ms(wire.seenAt) };
}

export function toCallback(wire: WireCallback): KeptCallback {
  return { ...wire, receivedAt: ms(wire.receivedAt), lastReceivedAt: ms(wire.lastReceivedAt) };
}

export function toSession(wire: WireSession): Session {
  return { ...wire, expiresAt: msOrNull(wire.expiresAt) };
}

export function toActiveSession(wire: WireActiveSession): ActiveSession {
  return {
    ...wire,
    createdAt: ms(wire.createdAt),
    seenAt: ms(wire.seenAt),
    expiresAt: ms(wire.expiresAt),
  };
}

export function toKey<T extends WireKey>(wire: T): InMs<T, KeyTimes>;
export function toKey(wire: WireKey): ApiKey {
  return {
    ...wire,
    createdAt: ms(wire.createdAt),
    expiresAt: msOrNull(wire.expiresAt),
    revokedAt: msOrNull(wire.revokedAt),
    lastUsedAt: msOrNull(wire.lastUsedAt),
  };
}

export function toAuditEntry(wire: WireAuditEntry): AuditEntry {
  return { ...wire, at: ms(wire.at) };
}

export function toBatch<T extends WireBatch>(wire: T): InMs<T, BatchTimes>;
export function toBatch(wire: WireBatch): Batch {
  return {
    ...wire,
    createdAt: ms(wire.createdAt),
    cancelledAt: msOrNull(wire.cancelledAt),
    endedAt: msOrNull(wire.endedAt),
    keptUntil: msOrNull(wire.keptUntil),
  };
}

export function toEndpoint<T extends WireEndpoint>(wire: T): InMs<T, EndpointTimes>;
export function toEndpoint(wire: WireEndpoint): Endpoint {
  return {
    ...wire,
    createdAt: ms(wire.createdAt),
    disabledAt: msOrNull(wire.disabledAt),
    failingSince: msOrNull(wire.failingSince),
  };
}

export function toDelivery<T extends WireDelivery>(wire: T): TimedDelivery<T>;
export function toDelivery(wire: WireDelivery): Delivery {
  return {
    ...wire,
    createdAt: ms(wire.createdAt),
    nextAt: msOrNull(wire.nextAt),
    settledAt: msOrNull(wire.settledAt),
    tries: wire.tries.map((one) => ({ ...one, at: ms(one.at) })),
  };
}

function mapped<T extends Omit<WireSummary, "snippets">>(wire: T) {
  return {
    ...wire,
    createdAt: ms(wire.createdAt),
    updatedAt: ms(wire.updatedAt),
    runAt: ms(wire.runAt),
    finishedAt: msOrNull(wire.finishedAt),
    deadline: msOrNull(wire.deadline),
    waitingOn: wire.waitingOn === null ? null : { ...wire.waitingOn, until: msOrNull(wire.waitingOn.until) },
  };
}

function ms(time: string): number {
  return Date.parse(time);
}

function msOrNull(time: string | null): number | null {
  return time === null ? null : ms(time);
}
