import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import type { WireFlow } from "@/api/model";
import { wireCounts, wireFlow, wireSeries } from "@/testing/flow-factories";
import { wireJob } from "@/testing/job-factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

function serving(...flows: Partial<WireFlow>[]) {
  server.use(http.get("/flows", () => HttpResponse.json(flows.map(wireFlow))));
}

/** The details of a flow, which its name opens. */
async function opened(name: string): Promise<HTMLElement> {
  await userEvent.click(await screen.findByRole("link", { name }));
  return screen.findByRole("region", { name });
}

function names(): (string | null)[] {
  const table = screen.getByRole("table", { name: /^Flows/ });
  return within(table)
    .getAllByRole("rowheader")
    .map((head) => within(head).getByRole("link").textContent);
}

const CLOSED = { state: "closed", kind: "outage", detail: "No route.", until: null };
const PAUSED = { state: "paused", kind: null, detail: "Ask Maja.", until: null };

it("shows first what needs a person, and counts it in the header of every page", async () => {
  serving({ name: "a" }, { name: "b", lane: CLOSED }, { name: "c" }, { name: "d", lane: PAUSED });
  renderPage("/ui/flows");
  await screen.findByRole("link", { name: "a" });
  expect(names()).toEqual(["b", "d", "a", "c"]);
  expect(screen.getByRole("link", { name: "Flows, 2 closed or paused" })).toBeInTheDocument();
});

it("says nothing in the header while all is well", async () => {
  serving({ name: "a" });
  renderPage("/ui/flows");
  await screen.findByRole("link", { name: "a" });
  expect(screen.getByRole("link", { name: "Flows" })).toBeInTheDocument();
});

it("says what a closed lane means, and the reason that was given", async () => {
  serving({ name: "b", lane: { ...CLOSED, until: new Date(Date.now() + 3_599_500).toISOString() } });
  renderPage("/ui/flows");
  expect(await opened("b")).toHaveTextContent(
    /No job fails because of it\. Next try in (1 h|59 min 5\d s)\.No route\./,
  );
});

it("says in words how a flow's processor works", async () => {
  serving({ processor: "http" });
  renderPage("/ui/flows");
  const card = await opened("mock");
  expect(card).toHaveTextContent("http: answers with the result");
});

it("a flow whose places are taken is full, not waiting for jobs", async () => {
  serving({ concurrency: 3, byStatus: { RUNNING: 1, WAITING: 2, PENDING: 5 } });
  renderPage("/ui/flows");
  const card = await opened("mock");
  expect(card).toHaveTextContent(/Full.*concurrency limit is reached.*3 of 3 in use/);
});

it("says which limit a flow shares, and how much of it is in use", async () => {
  serving({
    limit: {
      name: "openai",
      concurrency: 20,
      requestsPerMinute: null,
      tokensPerMinute: 90_000,
      inFlight: 12,
    },
  });
  renderPage("/ui/flows");
  const card = await opened("mock");
  expect(card).toHaveTextContent(/Shared limitopenai: 12 of 20 in use, 90,000 tokens \/ min/);
});

it("says which flows take its jobs when it is closed", async () => {
  serving({ fallback: ["backup"], fallbackAfterSeconds: 30, fellBack: 2 });
  renderPage("/ui/flows");
  const card = await opened("mock");
  expect(card).toHaveTextContent(/Fallbackafter 30 s: backup \(2 in flight there\)/);
});

it("says what each key of a flow may have", async () => {
  serving({ concurrencyPerKey: 2, ratePerKey: 60, keysAtLimit: 3 });
  renderPage("/ui/flows");
  const card = await opened("mock");
  expect(card).toHaveTextContent(/Each key2 at a time, 60 \/ min \(3 keys at the limit\)/);
});

it("leaves a flow where it is while it is paused under the pointer", async () => {
  serving({ name: "a" }, { name: "b" }, { name: "c" });
  server.use(
    http.post("/flows/b/pause", () => {
      serving({ name: "a" }, { name: "b", lane: PAUSED }, { name: "c" });
      return HttpResponse.json(wireFlow({ name: "b", lane: PAUSED }));
    }),
  );
  renderPage("/ui/flows");
  const card = await opened("b");
  await userEvent.click(within(card).getByRole("button", { name: "Pause…" }));
  await userEvent.keyboard("{Enter}");
  expect(await within(card).findByRole("button", { name: "Resume" })).toBeInTheDocument();
  await userEvent.keyboard("{Escape}");
  expect(names()).toEqual(["a", "b", "c"]);
});

it("Escape in the form of a pause ends the form, and not the visit, wherever the focus is", async () => {
  serving({});
  const { router } = renderPage("/ui/flows#flow-mock");
  await userEvent.click(await screen.findByRole("button", { name: "Pause…" }));
  await userEvent.keyboard("half a reason");
  screen.getByRole("button", { name: "Pause" }).focus();
  await userEvent.keyboard("{Escape}");
  expect(screen.getByRole("button", { name: "Pause…" })).toHaveFocus();
  expect(router.state.location.pathname).toBe("/flows");
});

it("keeps the keyboard where it was while it pauses and resumes", async () => {
  serving({});
  server.use(
    http.post("/flows/mock/pause", () => {
      serving({ lane: PAUSED });
      return HttpResponse.json(wireFlow({ lane: PAUSED }));
    }),
    http.post("/flows/mock/resume", () => {
      serving({});
      return HttpResponse.json(wireFlow());
    }),
  );
  renderPage("/ui/flows#flow-mock");
  await userEvent.click(await screen.findByRole("button", { name: "Pause…" }));
  await userEvent.keyboard("{Escape}");
  expect(screen.getByRole("button", { name: "Pause…" })).toHaveFocus();
  await userEvent.keyboard("{Enter}Ask Maja.{Enter}");
  await waitFor(() => expect(screen.getByRole("button", { name: "Resume" })).toHaveFocus());
  await userEvent.keyboard("{Enter}");
  await waitFor(() => expect(screen.getByRole("button", { name: "Pause…" })).toHaveFocus());
});

it("offers another try when the flows cannot be loaded", async () => {
  server.use(http.get("/flows", () => problem(500, "The store does not answer.")));
  renderPage("/ui/flows");
  const alert = await screen.findByRole("alert");
  serving({ name: "a" });
  await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("link", { name: "a" })).toBeInTheDocument();
});

it("has how each flow did lately, and links to what waits and to what failed", async () => {
  const spending = { ...wireFlow().spending, tokensToday: { prompt: 12_000, completion: 345 } };
  const byStatus = { PENDING: 1200, RUNNING: 1, WAITING: 2 };
  serving({ name: "a", byStatus, concurrency: 4, spending }, { name: "b" });
  const p95 = { p50: 1_000, p95: 2_500, p99: 3_000, jobs: 8 };
  const counts = wireCounts({
    completed: 3,
    failed: 1,
    failedByCode: { bad: 1 },
    waitingAgeMs: 90_000,
    durations: { scheduled: null, queued: null, handingOver: null, processing: null, total: p95 },
  });
  server.use(
    http.get("/stats/series", () => HttpResponse.json(wireSeries({ flows: [{ flow: "a", ...counts }] }))),
  );
  renderPage("/ui/flows");
  const row = (await screen.findByRole("link", { name: "a" })).closest("tr") as HTMLElement;
  await within(row).findByText("75.0 %");
  const cells = within(row)
    .getAllByRole("cell")
    .map((cell) => cell.textContent);
  expect(cells).toEqual([
    "Open",
    "1,200 waiting",
    "3 of 4 in flight",
    "1 min 30 s",
    "0.067",
    "75.0 % success",
    "2.5 s",
    "12.3K",
    "bad",
  ]);
  expect(within(row).getByRole("link", { name: "1,200" })).toHaveAttribute(
    "href",
    "/ui/?flow=a&status=PENDING",
  );
  expect(within(row).getByRole("link", { name: "bad" }).getAttribute("href")).toMatch(
    /error%3Abad\+finished/,
  );
  const idle = (screen.getByRole("link", { name: "b" }) as HTMLElement).closest("tr");
  expect(idle).toHaveTextContent("Open0 waiting0 in flight–0– success–––");
});

it("opens the details by the address, and closes them without leaving the page", async () => {
  serving({});
  const { router } = renderPage("/ui/flows#flow-mock");
  expect(await screen.findByRole("dialog", { name: "mock" })).toBeInTheDocument();
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  expect(router.state.location.href).toBe("/flows");
});

it("sends a test prompt to the flow", async () => {
  serving({});
  const sent: unknown[] = [];
  server.use(
    http.post("/jobs", async ({ request }) => {
      sent.push(await request.json());
      return HttpResponse.json(wireJob(), { status: 201 });
    }),
  );
  renderPage("/ui/flows#flow-mock");
  const field = await screen.findByRole("textbox", { name: "Test prompt" });
  await userEvent.type(field, "Are you there?{Enter}");
  expect(await screen.findByRole("link", { name: "Open the job" })).toHaveAttribute(
    "href",
    `/ui/jobs/${wireJob().id}`,
  );
  expect(sent).toEqual([{ prompt: "Are you there?", flow: "mock" }]);
  expect(field).toHaveValue("");
});

it("shows what the tokens of a flow cost, and what it used today", async () => {
  server.use(
    http.get("/flows", () =>
      HttpResponse.json([
        wireFlow({
          spending: {
            currency: "EUR",
            inputPerMillionMicros: 150_000,
            outputPerMillionMicros: 600_000,
            tokensToday: { prompt: 1_000, completion: 500 },
            costTodayMicros: 450,
            budgetPerDayMicros: 500,
          },
        }),
      ]),
    ),
  );
  renderPage("/ui/flows#flow-mock");
  const details = await screen.findByRole("region", { name: "mock" });
  expect(details).toHaveTextContent("0.15 EUR in, 0.60 EUR out");
  expect(details).toHaveTextContent("1,500 tokens, 0.00045 EUR");
  expect(details).toHaveTextContent("0.0005 EUR a day, 90.0 % used");
  expect(screen.getByRole("row", { name: /mock/, hidden: true })).toHaveTextContent("1.5K0.00045 EUR");
});

it("says when a budget is nearly used up, and when it is", async () => {
  const spending = { ...wireFlow().spending, budgetPerDayMicros: 1_000_000 };
  serving(
    { name: "fine", spending: { ...spending, costTodayMicros: 799_999 } },
    { name: "nearly", spending: { ...spending, costTodayMicros: 800_000 } },
    {
      name: "spent",
      spending: { ...spending, costTodayMicros: 1_000_000 },
      lane: { state: "closed", kind: "over_budget", detail: "The budget is used up.", until: null },
    },
  );
  renderPage("/ui/flows");
  const state = async (name: string) =>
    within((await screen.findByRole("link", { name })).closest("tr") as HTMLElement).getAllByRole("cell")[0];
  expect(await state("fine")).toHaveTextContent("Open");
  expect(await state("nearly")).toHaveTextContent("Budget nearly used");
  expect(await state("spent")).toHaveTextContent("Over budget");
});
