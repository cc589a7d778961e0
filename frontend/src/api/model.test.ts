import { expect, it } from "vitest";
import { wireFlow } from "@/testing/flow-factories";
import { wireJob, wireSummary } from "@/testing/job-factories";
import { toFlow, toJob, toSummary } from "./model";

const AT = "2026-11-24T10:15:30.123Z";
const MS = Date.UTC(2026, 10, 24, 10, 15, 30, 123);

it("turns every time of a job into milliseconds, and leaves null what is null", () => {
  const job = toJob(
    wireJob({
      createdAt: AT,
      updatedAt: AT,
      runAt: AT,
      finishedAt: AT,
      deadline: AT,
      waitingOn: { kind: "callback", detail: "…", until: AT },
      attempts: [
        {
          number: 1,
          startedAt: AT,
          worker: "w",
          endedAt: null,
          end: null,
          error: null,
          executionId: null,
          flow: null,
          usage: null,
          costMicros: null,
          partial: null,
          exchange: null,
        },
      ],
      history: [{ at: AT, what: "submitted", attempt: null, detail: null }],
    }),
  );
  expect(job).toMatchObject({ createdAt: MS, updatedAt: MS, runAt: MS, finishedAt: MS, deadline: MS });
  expect(job.waitingOn?.until).toBe(MS);
  expect(job.attempts[0]).toMatchObject({ startedAt: MS, endedAt: null });
  expect(job.history[0]?.at).toBe(MS);
  // Whatever time is added to the API later must be mapped, too: none may be left as text.
  expect(JSON.stringify(job)).not.toContain(AT);
});

it("keeps a summary's other fields as they came", () => {
  const wire = wireSummary({ metadata: { a: [1] }, tags: ["x"], waitingOn: null });
  expect(toSummary(wire)).toMatchObject({
    metadata: { a: [1] },
    tags: ["x"],
    waitingOn: null,
    finishedAt: null,
  });
});

it("maps a lane's time", () => {
  const lane = { state: "closed", kind: "outage", detail: null, until: AT };
  expect(toFlow(wireFlow({ lane })).lane.until).toBe(MS);
});
