import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import type { Series, SeriesCounts } from "@/api/model";
import { wireCounts } from "@/testing/flow-factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

const MINUTE = 60_000;
const percentiles = (p50: number) => ({ p50, p95: 2 * p50, p99: 3 * p50, jobs: 7 });
const BUSY = wireCounts({
  completed: 5,
  failed: 2,
  failedByCode: { callback_overdue: 2 },
  waitingAgeMs: 4_000,
  durations: {
    scheduled: null,
    queued: percentiles(100),
    handingOver: percentiles(20),
    processing: percentiles(1_000),
    total: percentiles(1_120),
  },
  tokens: { prompt: 1_000, completion: 50 },
  costMicros: 12_500,
  verdicts: { json: 4, malformed: 1 },
});

/** Two periods, of which the second is running. */
function series(asked: URLSearchParams, counts: SeriesCounts): Series {
  const now = Date.now();
  const begin = now - (now % MINUTE) - MINUTE;
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    since: iso(begin),
    until: iso(begin + 2 * MINUTE),
    step: asked.get("step") ?? "1m",
    countedSince: iso(now - 400 * 86_400_000),
    currency: "USD",
    total: counts,
    flows: counts === BUSY ? [{ flow: "mail", ...counts }] : [],
    buckets: [
      { at: iso(begin), partial: false, ...counts },
      { at: iso(begin + MINUTE), partial: true, ...wireCounts() },
    ],
  };
}

function serving(counts: SeriesCounts) {
  const asked: URLSearchParams[] = [];
  server.use(
    http.get("/stats/series", ({ request }) => {
      const query = new URL(request.url).searchParams;
      asked.push(query);
      return HttpResponse.json(series(query, counts));
    }),
  );
  return asked;
}

it("sums up the time in figures that lead to the jobs", async () => {
  serving(BUSY);
  renderPage("/ui/overview");
  const failed = (await screen.findByText("Failed", { selector: "dt" })).parentElement as HTMLElement;
  const link = within(failed).getByRole("link", { name: "2" });
  expect(link.getAttribute("href")).toMatch(/^\/ui\/\?status=FAILED&q=finished/);
  const success = screen.getByText("Success", { selector: "dt" }).parentElement;
  expect(success).toHaveTextContent("71.4 %");
});

it("has a table behind each chart, with links to the jobs of a period", async () => {
  serving(BUSY);
  renderPage("/ui/overview?range=1h");
  expect(await screen.findByRole("img", { name: "Jobs that ended, by outcome" })).toBeInTheDocument();
  for (const name of [
    "jobs that ended",
    "durations",
    "longest wait for a worker",
    "tokens",
    "cost in usd",
    "verdicts",
  ])
    await userEvent.click(screen.getByRole("button", { name: `Table of ${name}` }));
  const table = screen.getByRole("table", { name: /^Jobs that ended, by outcome/ });
  const [, row, ...others] = within(table).getAllByRole("row");
  expect(others).toEqual([]);
  expect(within(row as HTMLElement).getByRole("rowheader")).toBeInTheDocument();
  expect(
    within(row as HTMLElement)
      .getByRole("link", { name: "5" })
      .getAttribute("href"),
  ).toMatch(/status=COMPLETED&q=finished%3A%3E%3D.*Z\+finished%3A%3C.*Z$/);
  expect(screen.getByRole("table", { name: /^Tokens of prompts and answers/ })).toHaveTextContent("1,000");
  expect(screen.getByRole("table", { name: /^What the tokens cost, in USD/ })).toHaveTextContent("0.013");
  expect(screen.getByRole("table", { name: /^Results by verdict/ })).toHaveTextContent("4");
  expect(screen.getByRole("table", { name: /^Durations of the jobs that ended: total/ })).toHaveTextContent(
    "1.1 s",
  );
  await userEvent.click(screen.getByRole("button", { name: "Chart of tokens" }));
  expect(screen.getByRole("img", { name: "Tokens of prompts and answers" })).toBeInTheDocument();
});

it("shows the durations of one stage", async () => {
  serving(BUSY);
  renderPage("/ui/overview");
  await userEvent.click(await screen.findByRole("button", { name: "Queued" }));
  expect(screen.getByRole("img", { name: "Durations of the jobs that ended: queued" })).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Scheduled" })).toBeDisabled();
});

it("asks for the chosen time and flow, which are in the address", async () => {
  const asked = serving(BUSY);
  const { router } = renderPage("/ui/overview?range=7d");
  await userEvent.click(await screen.findByRole("link", { name: "mail" }));
  await userEvent.click(screen.getByRole("button", { name: "30d" }));
  expect(router.state.location.search).toEqual({ range: "30d", flow: "mail" });
  await expect.poll(() => asked.at(-1)?.get("flow")).toBe("mail");
  await expect.poll(() => asked.at(-1)?.get("step")).toBe("1d");
  const since = Date.parse(asked.at(-1)?.get("since") ?? "");
  expect(Math.abs(Date.now() - since - 30 * 86_400_000)).toBeLessThan(60_000);
});

it("says that nothing happened", async () => {
  serving(wireCounts());
  renderPage("/ui/overview");
  expect(await screen.findByText("Nothing happened in this time")).toBeInTheDocument();
});

it("says why it could not be loaded, and tries again", async () => {
  server.use(http.get("/stats/series", () => problem(500, "The disk is full.")));
  renderPage("/ui/overview");
  expect(await screen.findByRole("alert")).toHaveTextContent("The disk is full.");
  serving(BUSY);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("region", { name: "Jobs that ended" })).toBeInTheDocument();
});
