/** Who is told of ends, and what was sent, as the server sends it, with changes. */
import type { WireDeliveryWhole, WireEndpoint } from "@/api/model";
import { T0 } from "./job-factories.ts";

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
