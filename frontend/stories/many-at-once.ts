import type { BulkAction } from "../src/api/model.ts";
import { wireBulkAction } from "../src/testing/job-factories.ts";
import { type Answers, ago, Beginning, idAt, Refusal } from "./answers.ts";
import { BUSY } from "./busy-server.ts";

const MATCHED = 1_840;

/** A server on which so many jobs match, and of which a bulk action that is started is as far as this. */
function withBulk(changes: Partial<BulkAction> = {}): Answers {
  const action = wireBulkAction({
    id: idAt(12),
    query: { status: ["FAILED"] },
    createdAt: ago(12),
    updatedAt: ago(1),
    matched: MATCHED,
    ...changes,
  });
  return {
    ...BUSY,
    "/bulk-actions": [action],
    "POST /bulk-actions": ({ body }) =>
      isCount(body) ? { matched: MATCHED, count: MATCHED, more: false } : action,
  };
}

function isCount(body: unknown): boolean {
  return typeof body === "object" && body !== null && "dryRun" in body && body.dryRun === true;
}

export const BULK_RUNNING = withBulk({
  status: "RUNNING",
  done: 1_212,
  skipped: { changed_meanwhile: 14 },
});
export const BULK_WAITING = withBulk({
  status: "RUNNING",
  action: "replay",
  done: 412,
  waitsFor: "too_many_waiting",
});
export const BULK_ENDED = withBulk({
  status: "DONE",
  done: 1_779,
  skipped: { is_pending: 31, changed_meanwhile: 14, job_not_found: 9 },
  failed: { job_damaged: 7 },
  endedAt: ago(1),
});

const CAME = `id,flow\n${Array.from({ length: 62 }, (_, nth) => `${idAt(60 + nth)},chat\n`).join("")}`;

/** A server that exports a part of the jobs. */
function exporting(end: Beginning["end"]): Answers {
  return {
    ...BUSY,
    "/jobs/export": ({ query }) =>
      query.has("before")
        ? new Refusal(503, "The store is unavailable; try again.")
        : new Beginning(CAME, end),
  };
}

export const EXPORT_RUNNING = exporting("waits");
export const EXPORT_BROKEN = exporting("breaks");
