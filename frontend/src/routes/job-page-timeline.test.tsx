import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import type { WireJob } from "@/api/model";
import { wireFlow } from "@/testing/flow-factories";
import { openJob } from "@/testing/job-page";
import { server } from "@/testing/server";

const ATTEMPT: WireJob["attempts"][number] = {
  number: 1,
  startedAt: "2026-11-24T10:00:00.000Z",
  endedAt: "2026-11-24T10:00:05.000Z",
  worker: "w1",
  end: "failed",
  error: { code: "length", message: "The answer was cut off at the token limit." },
  executionId: null,
  flow: null,
  usage: null,
  costMicros: null,
  partial: null,
  exchange: null,
};

it.each([
  [null, true],
  ['{"a": 1}', false],
])("has the attempts of a job with the result %j beside its prompt: %s", async (result, beside) => {
  openJob({
    status: result === null ? "FAILED" : "COMPLETED",
    result,
    attempt: 1,
    attempts: [
      {
        number: 1,
        flow: null,
        worker: "w",
        startedAt: "2026-11-24T10:00:00.000Z",
        endedAt: "2026-11-24T10:00:01.000Z",
        end: result === null ? "failed" : "succeeded",
        executionId: null,
        error: null,
        usage: null,
        partial: null,
        exchange: null,
        costMicros: null,
      },
    ],
  });
  const attempts = await screen.findByRole("region", { name: "Timeline" });
  const prompt = screen.getByRole("region", { name: "Prompt" });
  expect(attempts.parentElement === prompt.parentElement).toBe(beside);
});

it("says when the processor was asked, and what it said", async () => {
  const said = "Asked n8n about execution 7: it answered HTTP 500.";
  const late = "A result came after all: the run was not stopped in time. It is kept among the callbacks.";
  openJob({
    history: (["submitted", "started", "accepted", "asked", "asked", "late_result"] as const).map(
      (what, i) => ({
        at: `2026-11-24T10:0${i}:00.000Z`,
        what,
        attempt: what === "submitted" ? null : 1,
        detail: what === "asked" ? said : what === "late_result" ? late : null,
      }),
    ),
  });
  expect(await screen.findAllByText(said)).toHaveLength(2);
  const titles = screen.getAllByText(/^Reconcile call to the processor at \d\d:\d\d:\d\d\.\d{3}$/);
  expect(new Set(titles.map((title) => title.textContent)).size).toBe(2);
  expect(screen.getByText("A result came too late")).toBeInTheDocument();
  expect(screen.getByText(late)).toBeInTheDocument();
});

it.each([
  ["attempt_failed", "failed", "length: The answer was cut off at the token limit.", true],
  ["attempt_failed", "failed", null, true],
  ["lease_lost", "lost", null, true],
  ["attempt_failed", "failed", "Another reason", false],
  // Its record says something else, or is no longer kept.
  ["attempt_failed", "superseded", null, false],
  ["attempt_failed", undefined, null, false],
] as const)(
  "%s with the end %s and the detail %j is told by the attempt's head: %s",
  async (what, end, detail, known) => {
    const at = "2026-11-24T10:00:05.000Z";
    openJob({
      history: [
        { at: ATTEMPT.startedAt, what: "submitted", attempt: null, detail: null },
        { at: ATTEMPT.startedAt, what: "started", attempt: 1, detail: null },
        { at, what, attempt: 1, detail },
      ],
      attempts: end === undefined ? [] : [{ ...ATTEMPT, end }],
    });
    await screen.findByRole("heading", { name: "Attempt 1" });
    expect(screen.queryAllByText(/^(Attempt failed|The worker was lost)$/)).toHaveLength(known ? 0 : 1);
  },
);

it("says where its history has a gap", async () => {
  const at = "2026-11-24T10:00:00.000Z";
  openJob({
    history: [
      { at, what: "submitted", attempt: null, detail: null },
      { at, what: "snoozed", attempt: 7, detail: "down" },
    ],
  });
  expect(await screen.findByText("The entries after this one are no longer kept.")).toBeInTheDocument();
});

const EXCHANGE = {
  sentTo: "POST https://n8n.example/…",
  timeoutMs: 60_000,
  requestBytes: 1_024,
  status: 202,
  responseBytes: 71,
  endedBy: "callback",
} as const;

it("shows the request and the answer of each attempt, and links the result of the one that gave it", async () => {
  openJob({
    status: "COMPLETED",
    waitingOn: null,
    attempt: 3,
    result: "42",
    resultBytes: 2,
    attempts: [
      ATTEMPT,
      { ...ATTEMPT, number: 2, exchange: { ...EXCHANGE, status: 500, endedBy: "response" } },
      { ...ATTEMPT, number: 3, end: "succeeded", error: null, exchange: EXCHANGE },
    ],
  });
  const timeline = within(await screen.findByRole("region", { name: "Timeline" }));
  const answers = timeline.getAllByText("Answer").map((name) => name.nextElementSibling?.textContent);
  expect(answers).toEqual(["HTTP 500 · 71 B", "HTTP 202 · 71 B · callback after 5.0 s · Result, 2 B"]);
  const requests = timeline.getAllByText("Request").map((name) => name.nextElementSibling?.textContent);
  expect(requests[0]).toBe(`${EXCHANGE.sentTo} · 1 KiB · time limit 1 min`);
  const link = timeline.getByRole("link", { name: "Result, 2 B" });
  expect(document.querySelector(link.getAttribute("href") ?? "")).toHaveAccessibleName("Result");
});

it.each([
  ["The order was withdrawn.", /^Cancelled .* ago: The order was withdrawn\.$/],
  [null, /^Cancelled .* ago, without a reason\.$/],
])("shows above all why it was cancelled: %j", async (detail, expected) => {
  const at = "2026-11-24T10:00:00.000Z";
  openJob({
    status: "CANCELLED",
    waitingOn: null,
    history: [
      { at, what: "submitted", attempt: null, detail: null },
      { at, what: "cancelled", attempt: null, detail },
    ],
  });
  expect(await screen.findByTestId("why-cancelled")).toHaveTextContent(expected);
});

it("shows what had come of an answer that was cut off, and folds that of older attempts", async () => {
  const attempts = [
    { ...ATTEMPT, partial: "Once" },
    { ...ATTEMPT, number: 2 },
    { ...ATTEMPT, number: 3, partial: "Once upon a\u0000 time" },
  ];
  openJob({ status: "FAILED", waitingOn: null, attempt: 3, failures: 3, attempts });

  const newest = await screen.findByRole("group", { name: "The partial answer of attempt 3" });
  const link = screen.getByRole("link", { name: "The partial answer of attempt 3" });
  expect(document.querySelector(link.getAttribute("href") ?? "")).toContainElement(newest);
  expect(newest).toHaveTextContent("Once upon aU+0000 time");
  expect(newest).toBeVisible();
  expect(screen.getByRole("button", { name: "Copy the partial answer of attempt 3" })).toBeVisible();
  expect(screen.queryByText("The partial answer of attempt 2")).not.toBeInTheDocument();

  const older = screen.getByText("Partial answer, 4 characters");
  expect(older.closest("details")).not.toHaveAttribute("open");
  await userEvent.click(older);
  expect(screen.getByLabelText("The partial answer of attempt 1")).toHaveTextContent("Once");
});

it("says which other flow has an attempt that fell back, and which gave the result", async () => {
  const attempts = [{ ...ATTEMPT, end: null, endedAt: null, error: null, flow: "backup" }];
  const detail = "The flow mock is closed, the flow backup takes this attempt. Connection refused.";
  const history: WireJob["history"] = [{ at: ATTEMPT.startedAt, what: "fell_back", attempt: 1, detail }];
  openJob({ status: "RUNNING", waitingOn: null, attempt: 1, attempts, history });
  expect(await screen.findByText("Fell back to another flow")).toBeInTheDocument();
  expect(screen.getByText(detail)).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "backup" })).toHaveAttribute("href", "/ui/flows#flow-backup");
  expect(screen.queryByText("Answered by")).not.toBeInTheDocument();
});

it("says which other flow gave the result", async () => {
  openJob({ status: "COMPLETED", waitingOn: null, result: "r", answeredBy: "backup" });
  expect(await screen.findByText("Answered by")).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "backup" })).toHaveAttribute("href", "/ui/flows#flow-backup");
});

it("does not show the progress of an attempt that is over", async () => {
  const waitingOn = { kind: "retry", detail: "Attempt 1 failed; the next one follows.", until: null };
  openJob({
    status: "PENDING",
    waitingOn,
    attempt: 1,
    failures: 1,
    progress: "Once upon",
    attempts: [ATTEMPT],
  });
  expect(await screen.findByText(/the next one follows/)).toBeInTheDocument();
  expect(screen.queryByText("Once upon")).not.toBeInTheDocument();
});

it("says in the history what was odd about a result that was taken", async () => {
  const detail = "The answer was whole; after it came: HTTP 200, error 429: slow down";
  const at = "2026-11-24T10:00:00.000Z";
  openJob({
    status: "COMPLETED",
    waitingOn: null,
    result: "done",
    history: [{ at, what: "completed", attempt: 1, detail }],
  });
  expect(await screen.findByText(detail)).toBeInTheDocument();
});

it("leads to the execution of an attempt, at the flow that had it", async () => {
  const flows = [
    wireFlow({ name: "mock", executionsUrl: "https://n8n.example/workflow/7/executions" }),
    wireFlow({ name: "backup", executionsUrl: "https://other.example/workflow/8/executions" }),
  ];
  server.use(http.get("/flows", () => HttpResponse.json(flows)));
  const attempts = [
    { ...ATTEMPT, executionId: "51" },
    { ...ATTEMPT, number: 2, executionId: "52", flow: "backup" },
    { ...ATTEMPT, number: 3, executionId: "../../x" },
  ];
  openJob({ status: "FAILED", waitingOn: null, attempt: 3, failures: 3, attempts });
  const link = await screen.findByRole("link", { name: "51" });
  expect(link).toHaveAttribute("href", "https://n8n.example/workflow/7/executions/51");
  expect(screen.getByRole("link", { name: "52" })).toHaveAttribute(
    "href",
    "https://other.example/workflow/8/executions/52",
  );
  expect(screen.getByText("../../x")).toBeVisible();
  expect(screen.queryByRole("link", { name: "../../x" })).not.toBeInTheDocument();
});

it("tells of each attempt under a heading of its own, and folds the middle of a long course", async () => {
  const attempts = Array.from({ length: 30 }, (_, index) => ({ ...ATTEMPT, number: index + 1 }));
  openJob({
    status: "FAILED",
    waitingOn: null,
    attempt: 30,
    failures: 30,
    maxAttempts: 30,
    attempts,
    history: [],
  });
  const timeline = within(await screen.findByRole("region", { name: "Timeline" }));
  expect(timeline.getByRole("heading", { name: "Attempt 30" })).toBeVisible();
  expect(timeline.getByText("Attempt 10")).not.toBeVisible();
  await userEvent.click(timeline.getByText("Show all 30"));
  expect(timeline.getByRole("heading", { name: "Attempt 10" })).toBeVisible();
});

it("says what the attempt's head says only once", async () => {
  const error = { code: "callback_overdue", message: "No callback came by the deadline." };
  const history: WireJob["history"] = [
    { at: ATTEMPT.startedAt, what: "started", attempt: 1, detail: "w1" },
    { at: ATTEMPT.startedAt, what: "accepted", attempt: 1, detail: "51" },
    {
      at: ATTEMPT.startedAt,
      what: "callback_overdue",
      attempt: 1,
      detail: `${error.code}: ${error.message}`,
    },
  ];
  const attempts = [{ ...ATTEMPT, end: "overdue" as const, executionId: "51", error }];
  openJob({ status: "FAILED", waitingOn: null, attempt: 1, failures: 1, attempts, history });
  const timeline = within(await screen.findByRole("region", { name: "Timeline" }));
  expect(timeline.getAllByText("51")).toHaveLength(1);
  expect(timeline.getByText("No callback came in time")).toBeVisible();
  expect(timeline.getAllByText(/No callback came by the deadline/)).toHaveLength(1);
});
