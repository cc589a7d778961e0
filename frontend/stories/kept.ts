import type {
  WireActiveSession,
  WireAuditEntry,
  WireBatchWhole,
  WireCallback,
  WireDeliveryWhole,
  WireEndpoint,
  WireKey,
} from "../src/api/model.ts";
import {
  wireAuditEntry,
  wireBatch,
  wireCallback,
  wireDelivery,
  wireEndpoint,
  wireKey,
} from "../src/testing/factories.ts";
import { ago, idAt } from "./answers.ts";
import { BATCH_ID, CANCELLED, COMPLETED, FAILED, MALFORMED } from "./some-jobs.ts";

function callback(seconds: number, changes: Partial<WireCallback>): WireCallback {
  const content = changes.content ?? "";
  return wireCallback({
    id: idAt(seconds, 7),
    receivedAt: ago(seconds),
    lastReceivedAt: ago(seconds),
    contentBytes: Buffer.byteLength(content),
    ...changes,
  });
}

const UNREAD = `{"jobId": "${FAILED.id}", "result": "{"invoice": "HL-20931"}"}`;

export const CALLBACKS: readonly WireCallback[] = [
  callback(610, {
    verdict: "late",
    jobId: FAILED.id,
    attempt: 2,
    executionId: "48127",
    flow: "invoices",
    content: `{"invoice": "HL-20931", "supplier": "Harbour Logistics", "total": {"net": 2210.00, "gross": 2652.00}}`,
  }),
  callback(655, {
    verdict: "unreadable",
    said: "unreadable",
    jobId: null,
    attempt: null,
    content: "The body is not JSON: line 1, column 54: a comma or the end of the object was expected.",
    contentType: "application/json",
    body: UNREAD,
    bodyBytes: Buffer.byteLength(UNREAD),
    deliveries: 3,
    lastReceivedAt: ago(615),
  }),
  callback(1_140, {
    verdict: "different",
    jobId: COMPLETED.id,
    flow: "invoices",
    content: `{"invoice": "2026-1184", "total": {"net": 1654.45, "gross": 1968.80}}`,
  }),
  callback(702, {
    verdict: "late",
    jobId: CANCELLED.id,
    flow: "translations",
    content: "Käyttöohje. Aseta vesisäiliö paikalleen.",
  }),
  callback(3_900, {
    verdict: "duplicate",
    jobId: COMPLETED.id,
    flow: "invoices",
    content: COMPLETED.result ?? "",
    deliveries: 2,
  }),
  callback(9_400, {
    verdict: "unknown",
    said: "error",
    jobId: null,
    attempt: null,
    executionId: "47755",
    content: "NodeApiError: The connection timed out",
  }),
];

function batch(seconds: number, changes: Partial<WireBatchWhole>): WireBatchWhole {
  return wireBatch({ id: idAt(seconds, 9), createdAt: ago(seconds), ...changes });
}

export const BATCHES: readonly WireBatchWhole[] = [
  batch(1_900, {
    name: "Product texts, winter",
    lines: 4_000,
    jobs: 3_997,
    refused: 3,
    flows: ["translations"],
    counts: {
      pending: 1_622,
      running: 8,
      waiting: 0,
      completed: 2_341,
      failed: 26,
      cancelled: 0,
      deleted: 0,
    },
    errors: [
      { line: 17, customId: "p-0017", code: "blank", field: "prompt", message: "must not be blank" },
      {
        line: 1_204,
        customId: "p-1204",
        code: "unknown_flow",
        field: "flow",
        message: "no flow is called translation",
      },
      {
        line: 3_310,
        customId: null,
        code: "invalid_json",
        field: "",
        message: "is not JSON: line 1, column 88",
      },
    ],
    webhookUrl: "https://shop.example.com/hooks/batches",
    metadata: { season: "winter" },
  }),
  batch(3_300, {
    id: BATCH_ID,
    name: "Parcel notices",
    status: "ENDED",
    endedAt: ago(2_040),
    keptUntil: ago(-30 * 86_400),
    lines: 640,
    jobs: 640,
    flows: ["translations"],
    counts: { pending: 0, running: 0, waiting: 0, completed: 640, failed: 0, cancelled: 0, deleted: 0 },
  }),
  batch(86_700, {
    name: "Old contracts",
    status: "ENDED",
    cancelledAt: ago(85_000),
    endedAt: ago(84_960),
    keptUntil: ago(-29 * 86_400),
    lines: 1_200,
    jobs: 1_200,
    flows: ["contracts"],
    counts: { pending: 0, running: 0, waiting: 0, completed: 402, failed: 11, cancelled: 787, deleted: 0 },
  }),
];

export const ENDPOINTS: readonly WireEndpoint[] = [
  wireEndpoint({
    id: idAt(900_000, 3),
    url: "https://shop.example.com/hooks/jobs",
    description: "Web shop",
    createdAt: ago(900_000),
    createdBy: "Mara Lindqvist",
    flows: ["chat", "translations"],
  }),
  wireEndpoint({
    id: idAt(800_000, 3),
    url: "https://books.example.com/api/v2/job-events",
    description: "Accounting",
    createdAt: ago(800_000),
    createdBy: "Mara Lindqvist",
    events: ["completed", "failed"],
    flows: ["invoices"],
    failingSince: ago(7_300),
  }),
  wireEndpoint({
    id: idAt(700_000, 3),
    url: "https://old.example.com/notify",
    createdAt: ago(700_000),
    createdBy: "",
    disabledAt: ago(90_000),
    disabledBecause: "gone",
  }),
];

const TRY = { milliseconds: 120, status: 200, error: null, answer: "" };

function delivery(seconds: number, changes: Partial<WireDeliveryWhole>): WireDeliveryWhole {
  return wireDelivery({
    id: idAt(seconds, 4),
    messageId: `msg_${idAt(seconds, 4)}`,
    createdAt: ago(seconds),
    settledAt: ago(seconds),
    tries: [{ ...TRY, at: ago(seconds) }],
    ...changes,
  });
}

export const DELIVERIES: readonly WireDeliveryWhole[] = [
  delivery(130, {
    jobId: MALFORMED.id,
    endpointId: ENDPOINTS[0]?.id ?? null,
    flow: "contracts",
    url: "https://shop.example.com/hooks/jobs",
  }),
  delivery(412, {
    jobId: COMPLETED.id,
    state: "pending",
    endpointId: ENDPOINTS[1]?.id ?? null,
    flow: "invoices",
    url: "https://books.example.com/api/v2/job-events",
    settledAt: null,
    nextAt: ago(-188),
    tries: [
      { at: ago(411), milliseconds: 15_000, status: null, error: "No answer within 15 s.", answer: "" },
      { at: ago(350), milliseconds: 240, status: 503, error: null, answer: "Service Unavailable" },
    ],
  }),
  delivery(897, {
    jobId: FAILED.id,
    event: "job.failed",
    state: "failed",
    endpointId: ENDPOINTS[2]?.id ?? null,
    flow: "invoices",
    url: "https://old.example.com/notify",
    note: "It answered 410: it wants no notices any more.",
    tries: [{ at: ago(896), milliseconds: 88, status: 410, error: null, answer: "Gone" }],
  }),
];

export const KEYS: readonly WireKey[] = [
  wireKey({
    id: "acc0unt1ng",
    name: "accounting",
    rights: ["read", "submit"],
    flows: ["invoices"],
    createdAt: ago(40 * 86_400),
    createdBy: "Mara Lindqvist",
    lastUsedAt: ago(412),
    ratePerMinute: 120,
  }),
  wireKey({
    id: "webshop001",
    name: "web shop",
    rights: ["submit"],
    flows: ["chat", "translations"],
    createdAt: ago(33 * 86_400),
    createdBy: "Mara Lindqvist",
    lastUsedAt: ago(3),
  }),
  wireKey({
    id: "onduty0001",
    name: "on duty",
    rights: ["operate"],
    createdAt: ago(21 * 86_400),
    createdBy: "Mara Lindqvist",
    expiresAt: ago(-9 * 86_400),
    lastUsedAt: ago(5_300),
  }),
  wireKey({
    id: "oldintern1",
    name: "intranet 2025",
    rights: ["read", "submit"],
    createdAt: ago(200 * 86_400),
    createdBy: "",
    revokedAt: ago(12 * 86_400),
    lastUsedAt: ago(12 * 86_400 + 900),
  }),
];

function entry(seconds: number, changes: Partial<WireAuditEntry>): WireAuditEntry {
  return wireAuditEntry({
    id: idAt(seconds, 5),
    at: ago(seconds),
    kind: "person",
    who: "Mara Lindqvist",
    ...changes,
  });
}

export const AUDIT: readonly WireAuditEntry[] = [
  entry(190, {
    act: "flow_paused",
    what: "reports",
    detail: "The data warehouse is being moved until noon.",
  }),
  entry(740, { act: "job_cancelled", what: CANCELLED.id }),
  entry(1_020, { act: "bulk_started", what: idAt(1_020), detail: "retry: status FAILED, flow invoices" }),
  entry(1_900, {
    act: "batch_submitted",
    kind: "key",
    who: "webshop001",
    what: idAt(1_900, 9),
    address: "10.0.0.21",
  }),
  entry(2_700, {
    act: "refused",
    outcome: "refused",
    kind: "nobody",
    who: "",
    what: "",
    address: "203.0.113.9",
    detail: "No key, or a wrong one",
  }),
  entry(5_300, { act: "signed_in", kind: "key", who: "onduty0001", what: "", address: "10.0.0.7" }),
  entry(7_260, { act: "endpoint_changed", what: ENDPOINTS[1]?.id ?? "" }),
  entry(9_000, { act: "job_deleted", outcome: "unknown", what: idAt(9_100) }),
  entry(86_900, { act: "key_created", what: "onduty0001" }),
];

export const SESSIONS: readonly WireActiveSession[] = [
  { seconds: 3_400, seen: 2, address: "10.0.0.14", current: true },
  { seconds: 200_000, seen: 90_000, address: "198.51.100.23", current: false },
].map(({ seconds, seen, address, current }, nth) => ({
  id: String(nth).repeat(64),
  kind: "person",
  who: "mara@example.com",
  name: "Mara Lindqvist",
  address,
  createdAt: ago(seconds),
  seenAt: ago(seen),
  expiresAt: ago(seconds - 12 * 3_600 * 7),
  current,
}));
