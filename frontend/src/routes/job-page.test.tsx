import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import type { WireJob } from "@/api/model";
import { wireFlow, wireJob, wirePlace, wireSummary } from "@/testing/factories";
import { FakeEventSource } from "@/testing/fake-event-source";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

const ID = "0123456789abcdef01234567";

const MALFORMED: WireJob["resultVerdict"] = {
  kind: "malformed",
  error: null,
  repaired: { text: '{"a": 1}', edits: [], cut: false, dropped: "" },
  schemaErrors: [],
  warnings: [],
  note: null,
};

function open(changes: Partial<WireJob>) {
  server.use(http.get(`/jobs/${ID}`, () => HttpResponse.json(wireJob(changes))));
  return renderPage(`/ui/jobs/${ID}`);
}

it("says in words what the job waits for, and until when", async () => {
  const until = new Date(Date.now() + 3_599_500).toISOString();
  open({ waitingOn: { kind: "schedule", detail: "The job is to start later.", until } });
  expect(await screen.findByTestId("waiting-on")).toHaveTextContent(
    /The job is to start later\. Starts in (1 h|59 min 5\d s)\./,
  );
});

it("says how many jobs are ahead of a waiting one, and when it should start", async () => {
  const detail = "At most 14 jobs are ahead. It should start in about 3 min.";
  const expectedStart = new Date(Date.now() + 180_000).toISOString();
  server.use(
    http.get(`/jobs/${ID}/place`, () =>
      HttpResponse.json(wirePlace({ ahead: 14, perMinute: 5, expectedStart, detail })),
    ),
  );
  open({ waitingOn: { kind: "concurrency", detail: "All 2 places are taken.", until: null } });
  expect(await screen.findByTestId("place")).toHaveTextContent(detail);
  expect(screen.getByTestId("place").querySelector("time")).toHaveAttribute("dateTime", expectedStart);
});

it("says no place of a job that has none", async () => {
  let asked = 0;
  server.use(
    http.get(`/jobs/${ID}/place`, () => {
      asked += 1;
      return HttpResponse.json(wirePlace());
    }),
  );
  open({ waitingOn: { kind: "schedule", detail: "The job is to start later.", until: null } });
  await waitFor(() => expect(asked).toBe(1));
  expect(screen.queryByTestId("place")).toBeNull();
});

it("leads to the replays of the job, if there are any", async () => {
  server.use(
    http.get("/jobs/count", ({ request }) => {
      const q = new URL(request.url).searchParams.get("q");
      const count = q === `replay-of:${ID}` ? 2 : 0;
      return HttpResponse.json({ count, more: false, byStatus: {}, complete: true });
    }),
  );
  open({ id: ID });
  const link = await screen.findByRole("link", { name: "2" });
  expect(new URL(link.getAttribute("href") ?? "", "http://x").searchParams.get("q")).toBe(`replay-of:${ID}`);
});

it.each([
  [null, true],
  ['{"a": 1}', false],
])("has the attempts of a job with the result %j beside its prompt: %s", async (result, beside) => {
  open({
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

it("shows whose job it is, with a link to all of that key", async () => {
  server.use(http.get(`/jobs/${ID}`, () => HttpResponse.json(wireJob({ id: ID, key: 'Smith "& Sons" \\' }))));
  renderPage(`/ui/jobs/${ID}`);
  const link = await screen.findByRole("link", { name: 'Smith "& Sons" \\' });
  const query = new URL(link.getAttribute("href") ?? "", "http://x").searchParams.get("q");
  expect(query).toBe('key:"Smith \\"& Sons\\" \\\\"');
});

it("shows numbers in metadata exactly, and every kind of event", async () => {
  const body = JSON.stringify(
    wireJob({
      history: (["submitted", "started", "accepted", "completed"] as const).map((what, i) => ({
        at: `2026-11-24T10:00:0${i}.000Z`,
        what,
        attempt: what === "submitted" ? null : 1,
        detail: null,
      })),
    }),
  ).replace('"metadata":{}', '"metadata":{"order":12345678901234567890}');
  server.use(
    http.get(
      `/jobs/${ID}`,
      () => new HttpResponse(body, { headers: { "content-type": "application/json" } }),
    ),
  );
  renderPage(`/ui/jobs/${ID}`);
  expect(await screen.findByRole("region", { name: "Metadata" })).toBeInTheDocument();
  expect(screen.getByText("12345678901234567890")).toBeInTheDocument();
  for (const words of ["Submitted", "Attempt 1", "Accepted, waiting for a callback"]) {
    expect(screen.getByText(words)).toBeInTheDocument();
  }
});

it("says when the processor was asked, and what it said", async () => {
  const said = "Asked n8n about execution 7: it answered HTTP 500.";
  const late = "A result came after all: the run was not stopped in time. It is kept among the callbacks.";
  open({
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
  const titles = screen.getAllByText(/^The processor was asked at \d\d:\d\d:\d\d\.\d{3}$/);
  expect(new Set(titles.map((title) => title.textContent)).size).toBe(2);
  expect(screen.getByText("A result came too late")).toBeInTheDocument();
  expect(screen.getByText(late)).toBeInTheDocument();
});

it("an action that is not possible is disabled, says why, and does nothing", async () => {
  let asked = 0;
  open({ status: "COMPLETED", waitingOn: null, result: "done" });
  server.use(
    http.post(`/jobs/${ID}/cancel`, () => {
      asked += 1;
      return problem(409, "The job is completed already.");
    }),
  );
  const cancel = await screen.findByRole("button", { name: "Cancel" });
  expect(cancel).toHaveAttribute("aria-disabled", "true");
  expect(cancel).toHaveAccessibleDescription("The job has completed.");
  await userEvent.click(cancel);
  // The way to the dialog and back is longer than a request's would have been.
  await userEvent.click(screen.getByRole("button", { name: "Replay…" }));
  await screen.findByRole("dialog");
  expect(asked).toBe(0);
});

it("cancels, and shows the job as the server then has it", async () => {
  open({});
  server.use(
    http.post(`/jobs/${ID}/cancel`, () => {
      const cancelled = wireJob({ status: "CANCELLED", waitingOn: null });
      server.use(http.get(`/jobs/${ID}`, () => HttpResponse.json(cancelled)));
      return HttpResponse.json(cancelled);
    }),
  );
  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  expect(await screen.findByText("Cancelled", { selector: "[data-status]" })).toBeInTheDocument();
});

it("never trusts the answer to an act over the events that overtook it", async () => {
  let answer: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  open({ status: "FAILED", waitingOn: null });
  server.use(
    http.post(`/jobs/${ID}/retry`, async () => {
      await held;
      return HttpResponse.json(wireJob());
    }),
  );
  await userEvent.click(await screen.findByRole("button", { name: "Retry" }));
  let looks = 0;
  server.use(
    http.get(`/jobs/${ID}`, () => {
      looks += 1;
      return HttpResponse.json(wireJob({ status: "COMPLETED", waitingOn: null }));
    }),
  );
  act(() => {
    FakeEventSource.newest().send("hello", { position: 1 });
    FakeEventSource.newest().send("job", { id: ID, status: "COMPLETED", flow: "mock", rev: 4 });
  });
  expect(await screen.findByText("Completed", { selector: "[data-status]" })).toBeInTheDocument();
  // Both rounds that the stream asked for are over.
  await waitFor(() => expect(looks).toBe(2));
  answer();
  await waitFor(() => expect(looks).toBe(3));
  expect(await screen.findByText("Completed", { selector: "[data-status]" })).toBeInTheDocument();
});

it("replays with another prompt as a new job, and goes there", async () => {
  const newId = "f".repeat(24);
  let sent: unknown;
  open({ status: "FAILED", waitingOn: null });
  server.use(
    http.post(`/jobs/${ID}/replay`, async ({ request }) => {
      sent = await request.json();
      return HttpResponse.json(wireJob({ id: newId, replayOf: ID }), { status: 201 });
    }),
    http.get(`/jobs/${newId}`, () => HttpResponse.json(wireJob({ id: newId, replayOf: ID }))),
  );
  await replayWith("Summarise it better.");
  expect(await screen.findByText(newId)).toBeInTheDocument();
  expect(sent).toEqual({ flow: "mock", prompt: "Summarise it better." });
  expect(screen.getByRole("link", { name: "Compare both results" })).toHaveAttribute(
    "href",
    `/ui/jobs/${ID}/compare/${newId}`,
  );
});

async function replayWith(prompt: string) {
  await userEvent.click(await screen.findByRole("button", { name: "Replay…" }));
  const dialog = within(await screen.findByRole("dialog"));
  await userEvent.clear(dialog.getByLabelText("Prompt"));
  expect(dialog.getByRole("button", { name: "Replay" })).toBeDisabled();
  await userEvent.type(dialog.getByLabelText("Prompt"), prompt);
  await userEvent.click(dialog.getByRole("button", { name: "Replay" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
}

it("a job that is not there is not an error of the page", async () => {
  server.use(http.get(`/jobs/${ID}`, () => problem(404, "Job not found.")));
  renderPage(`/ui/jobs/${ID}`);
  expect(await screen.findByRole("heading", { name: "Job not found" })).toBeInTheDocument();
});

it.each(["Replay…", "Delete…"])("%s gives the focus back when its dialog closes", async (name) => {
  open({ status: "FAILED", waitingOn: null });
  const button = await screen.findByRole("button", { name });
  await userEvent.click(button);
  await screen.findByRole("dialog");
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  await waitFor(() => expect(button).toHaveFocus());
});

it("a replay that was begun and given up starts anew", async () => {
  open({ status: "FAILED", waitingOn: null });
  await userEvent.click(await screen.findByRole("button", { name: "Replay…" }));
  await userEvent.type(await screen.findByRole("textbox", { name: "Prompt" }), " And again.");
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  await userEvent.click(screen.getByRole("button", { name: "Replay…" }));
  expect(await screen.findByRole("textbox", { name: "Prompt" })).toHaveValue("Summarise this.");
});

it("says what each action does, where the word alone does not", async () => {
  open({ status: "FAILED", waitingOn: null });
  expect(await screen.findByRole("button", { name: "Retry" })).toHaveAccessibleDescription(/this job again/);
  expect(screen.getByRole("button", { name: "Replay…" })).toHaveAccessibleDescription(/a new job/);
});

it("says what an outage means, and leads to the flow that is closed", async () => {
  const closed = { state: "closed", kind: "outage", detail: "No route.", until: null };
  server.use(
    http.get("/flows", () => HttpResponse.json([wireFlow(), wireFlow({ name: "n8n", lane: closed })])),
  );
  open({ flow: "n8n", waitingOn: { kind: "outage", detail: "No route.", until: null } });
  expect(await screen.findByTestId("waiting-on")).toHaveTextContent(
    /cannot be reached\. No attempt is counted meanwhile\..*No route\./,
  );
  await userEvent.click(screen.getByRole("link", { name: "See the flow" }));
  expect(await screen.findByRole("dialog", { name: "n8n" })).toHaveTextContent("No route.");
});

it("a paused job does not claim to run any moment, and says where it is resumed", async () => {
  open({ waitingOn: { kind: "paused", detail: "The flow mock is paused.", until: null } });
  expect(await screen.findByRole("link", { name: "Go to the flow to resume it" })).toHaveAttribute(
    "href",
    "/ui/flows#flow-mock",
  );
  expect(screen.queryByText("any moment now")).not.toBeInTheDocument();
});

it("says that no worker is there, once that is known", async () => {
  open({});
  expect(await screen.findByText(/^No worker is running/)).toBeInTheDocument();
  expect(screen.queryByText("A worker takes it next.")).not.toBeInTheDocument();
});

it("a worker of the flow takes it next", async () => {
  const worker = {
    id: "w1",
    name: "one",
    flows: ["mock"],
    running: 0,
    startedAt: "2026-11-24T10:00:00.000Z",
    seenAt: "2026-11-24T10:00:00.000Z",
  };
  let asked = false;
  server.use(
    http.get("/workers", () => {
      asked = true;
      return HttpResponse.json([worker]);
    }),
  );
  open({});
  await waitFor(() => expect(asked).toBe(true));
  expect(await screen.findByText("A worker takes it next.")).toBeInTheDocument();
});

it("folds a long prompt, so that what became of it is in sight", async () => {
  open({ prompt: Array.from({ length: 60 }, (_, i) => `line ${i}`).join("\n") });
  const button = await screen.findByRole("button", { name: "Show more of the prompt" });
  expect(button).toHaveAttribute("aria-expanded", "false");
  await userEvent.click(button);
  expect(screen.getByRole("button", { name: "Show less of the prompt" })).toHaveAttribute(
    "aria-expanded",
    "true",
  );
});

it("a short prompt is not folded", async () => {
  open({});
  await screen.findByRole("group", { name: "The prompt" });
  expect(screen.queryByRole("button", { name: /of the prompt$/ })).not.toBeInTheDocument();
});

it("goes back to the list as it was filtered, by link and by key", async () => {
  server.use(
    http.get("/jobs", () => HttpResponse.json([wireSummary({ status: "FAILED", waitingOn: null })])),
    http.get(`/jobs/${ID}`, () => HttpResponse.json(wireJob({ status: "FAILED", waitingOn: null }))),
  );
  const { router } = renderPage("/ui/?status=FAILED");
  const address = () => router.state.location.href;
  await userEvent.click(await screen.findByRole("link", { name: "Summarise this." }));
  await screen.findByText(ID);
  // The link that was followed is gone: the keyboard goes on in the new page.
  await waitFor(() => expect(screen.getByRole("main")).toHaveFocus());
  await userEvent.click(within(screen.getByRole("main")).getByRole("link", { name: "Jobs" }));
  await waitFor(() => expect(address()).toMatch(/\?status=FAILED$/));
  await userEvent.click(await screen.findByRole("link", { name: "Summarise this." }));
  await screen.findByText(ID);
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(address()).toMatch(/\?status=FAILED$/));
});

it("comes back to the row that the keys had chosen", async () => {
  const second = "0".repeat(24);
  server.use(
    http.get("/jobs", () =>
      HttpResponse.json([wireSummary(), wireSummary({ id: second, prompt: "The second." })]),
    ),
    http.get(`/jobs/${second}`, () => HttpResponse.json(wireJob({ id: second }))),
  );
  renderPage("/ui/");
  await screen.findByRole("link", { name: "The second." });
  await userEvent.keyboard("jj{Enter}");
  await screen.findByText(second);
  await userEvent.keyboard("{Escape}");
  const row = (await screen.findByRole("link", { name: "The second." })).closest("[data-job]");
  expect(row).toHaveAttribute("data-selected");
  await userEvent.keyboard("{Escape}");
  expect(row).not.toHaveAttribute("data-selected");
});

it("says where its history has a gap", async () => {
  const at = "2026-11-24T10:00:00.000Z";
  open({
    history: [
      { at, what: "submitted", attempt: null, detail: null },
      { at, what: "snoozed", attempt: 7, detail: "down" },
    ],
  });
  expect(await screen.findByText("The entries after this one are no longer kept.")).toBeInTheDocument();
});

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

const EXCHANGE = {
  sentTo: "POST https://n8n.example/webhook/a?…",
  timeoutMs: 60_000,
  requestBytes: 1_024,
  status: 202,
  responseBytes: 71,
  endedBy: "callback",
} as const;

it("shows the request and the answer of each attempt, and links the result of the one that gave it", async () => {
  open({
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
  open({
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
  open({ status: "FAILED", waitingOn: null, attempt: 3, failures: 3, attempts });

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
  open({ status: "RUNNING", waitingOn: null, attempt: 1, attempts, history });
  expect(await screen.findByText("Fell back to another flow")).toBeInTheDocument();
  expect(screen.getByText(detail)).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "backup" })).toHaveAttribute("href", "/ui/flows#flow-backup");
  expect(screen.queryByText("Answered by")).not.toBeInTheDocument();
});

it("says which other flow gave the result", async () => {
  open({ status: "COMPLETED", waitingOn: null, result: "r", answeredBy: "backup" });
  expect(await screen.findByText("Answered by")).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "backup" })).toHaveAttribute("href", "/ui/flows#flow-backup");
});

it("does not show the progress of an attempt that is over", async () => {
  const waitingOn = { kind: "retry", detail: "Attempt 1 failed; the next one follows.", until: null };
  open({ status: "PENDING", waitingOn, attempt: 1, failures: 1, progress: "Once upon", attempts: [ATTEMPT] });
  expect(await screen.findByText(/the next one follows/)).toBeInTheDocument();
  expect(screen.queryByText("Once upon")).not.toBeInTheDocument();
});

it("says in the history what was odd about a result that was taken", async () => {
  const detail = "The answer was whole; after it came: HTTP 200, error 429: slow down";
  const at = "2026-11-24T10:00:00.000Z";
  open({
    status: "COMPLETED",
    waitingOn: null,
    result: "done",
    history: [{ at, what: "completed", attempt: 1, detail }],
  });
  expect(await screen.findByText(detail)).toBeInTheDocument();
});

it("names an account without credit as what a job waits for", async () => {
  const detail = "The account behind it has no credit left (HTTP 402: Insufficient Balance).";
  open({ waitingOn: { kind: "out_of_credit", detail, until: null } });
  expect(await screen.findByText(/Insufficient Balance/)).toBeInTheDocument();
  expect(screen.getByText(/The account behind the processor has no credit left\./)).toBeInTheDocument();
});

it("copies what is wanted elsewhere: a link, a command, the repaired text", async () => {
  const copied: string[] = [];
  const write = async (text: string) => {
    copied.push(text);
  };
  Object.defineProperty(navigator, "clipboard", { value: { writeText: write }, configurable: true });
  open({
    prompt: "it's",
    status: "COMPLETED",
    result: "{'a': 1}",
    resultVerdict: MALFORMED,
    waitingOn: null,
  });
  for (const name of ["Link", "Command that submits it again (curl)", "Repaired result"]) {
    fireEvent.click(await screen.findByRole("button", { name: "Copy" }));
    fireEvent.click(await screen.findByRole("menuitem", { name }));
  }
  await waitFor(() => expect(copied).toHaveLength(3));
  expect(copied[0]).toBe(`http://localhost:3000/ui/jobs/${ID}`);
  expect(copied[1]).toContain("curl -X POST 'http://localhost:3000/jobs'");
  expect(copied[2]).toBe('{"a": 1}');
  expect(await screen.findByText("Repaired result: copied")).toBeInTheDocument();
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
  open({ status: "FAILED", waitingOn: null, attempt: 3, failures: 3, attempts });
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
  open({
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
  open({ status: "FAILED", waitingOn: null, attempt: 1, failures: 1, attempts, history });
  const timeline = within(await screen.findByRole("region", { name: "Timeline" }));
  expect(timeline.getAllByText("51")).toHaveLength(1);
  expect(timeline.getByText("No callback came in time")).toBeVisible();
  expect(timeline.getAllByText(/No callback came by the deadline/)).toHaveLength(1);
});
