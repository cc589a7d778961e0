import type { WireBatchWhole, WireCallback, WireDeliveryWhole, WireEndpoint } from "../src/api/model.ts";
import { wireBatch, wireCallback } from "../src/testing/job-factories.ts";
import { wireDelivery, wireEndpoint } from "../src/testing/webhook-factories.ts";
import { ago, idAt } from "./answers.ts";
import { BATCH_ID, CANCELLED, COMPLETED, FAILED, MALFORMED } from "./ended-jobs.ts";
import { costOf } from "./prices.ts";

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
    costMicros: costOf("translations", 2_367 * 180, 2_367 * 420),
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
    costMicros: costOf("translations", 640 * 38, 640 * 14),
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
    costMicros: costOf("contracts", 413 * 21_000, 413 * 640),
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
    note: "The receiver answered 410: it wants no more deliveries.",
    tries: [{ at: ago(896), milliseconds: 88, status: 410, error: null, answer: "Gone" }],
  }),
];
