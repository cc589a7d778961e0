import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { wireSession } from "./access-factories";
import { wireFlow, wireSeries } from "./flow-factories";
import { wirePlace } from "./job-factories";

const NO_JOBS = { PENDING: 0, RUNNING: 0, WAITING: 0, COMPLETED: 0, FAILED: 0, CANCELLED: 0 };

/** An empty server. A request that a test does not describe is an error, never a real request. */
export const server = setupServer(
  http.get("/health", () =>
    HttpResponse.json({ status: "ok", store: { kind: "sqlite", state: "ok" }, version: "0" }),
  ),
  http.get("/stats", () =>
    HttpResponse.json({ total: 0, byStatus: NO_JOBS, byFlow: {}, oldestPendingSeconds: null }),
  ),
  http.get("/flows", () => HttpResponse.json([wireFlow()])),
  http.get("/stats/series", ({ request }) =>
    HttpResponse.json(wireSeries({ step: new URL(request.url).searchParams.get("step") ?? "1h" })),
  ),
  http.get("/workers", () => HttpResponse.json([])),
  http.get("/session", () => HttpResponse.json(wireSession())),
  http.get("/jobs", () => HttpResponse.json([])),
  http.get("/bulk-actions", () => HttpResponse.json([])),
  http.get("/jobs/count", () => HttpResponse.json({ count: 0, more: false, byStatus: {}, complete: true })),
  http.get("/jobs/:id/place", () => HttpResponse.json(wirePlace())),
  http.get("/callbacks", () => HttpResponse.json([])),
  http.get("/callbacks/count", () => HttpResponse.json({ byVerdict: {}, countedTo: 1_000 })),
  http.get("/webhook-deliveries", () => HttpResponse.json([])),
);

export function problem(status: number, detail: string, errors: { field: string; message: string }[] = []) {
  return HttpResponse.json(
    {
      type: "about:blank",
      title: detail,
      status,
      detail,
      error: detail,
      code: "test",
      requestId: "r1",
      errors,
    },
    { status, headers: { "content-type": "application/problem+json" } },
  );
}
