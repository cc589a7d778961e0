import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { wireBulkAction, wireSummary } from "@/testing/job-factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

const MESSAGE = "at character 1: there is no such term";

it("a search that cannot be read says so at the field", async () => {
  server.use(
    http.get("/jobs", () => problem(422, `q: ${MESSAGE}`, [{ field: "q", message: MESSAGE }])),
    http.get("/jobs/count", () => problem(422, `q: ${MESSAGE}`, [{ field: "q", message: MESSAGE }])),
  );
  renderPage("/ui/?q=stauts:failed");
  expect(await screen.findByText("This search is not valid")).toBeInTheDocument();
  expect(screen.getByText(MESSAGE)).toBeInTheDocument();
});

it("what was found is marked, failures are grouped, and one group leaves its jobs", async () => {
  const groups = [
    {
      value: "http_500",
      flow: "mock",
      count: 36,
      since: "2026-11-24T10:00:00.000Z",
      until: "2026-11-24T11:00:00.000Z",
      example: "0123456789abcdef01234567",
      costMicros: null,
    },
  ];
  const pieces = [
    { text: "an ", found: false },
    { text: "invoice", found: true },
  ];
  server.use(
    http.get("/jobs", () =>
      HttpResponse.json([wireSummary({ status: "FAILED", snippets: [{ field: "result", pieces }] })]),
    ),
    http.get("/jobs/groups", () => HttpResponse.json({ groups, more: false, currency: "USD" })),
    http.get("/jobs/count", () =>
      HttpResponse.json({ count: 36, more: false, byStatus: { FAILED: 36 }, complete: false }),
    ),
  );
  const { router } = renderPage("/ui/?q=invoice");
  expect((await screen.findByText("invoice", { selector: "mark *, mark" })).closest("mark")).not.toBeNull();
  expect(await screen.findByText("Older jobs are still being made searchable.")).toBeInTheDocument();

  await userEvent.click(screen.getByRole("button", { name: "Groups" }));
  const table = await screen.findByRole("table", { name: "Failed jobs by error" });
  expect(within(table).getByText("36")).toBeInTheDocument();
  await userEvent.click(within(table).getByRole("link", { name: "http_500" }));
  await waitFor(() =>
    expect(router.state.location.search).toEqual({
      status: "FAILED",
      flow: "mock",
      q: "error:http_500 invoice",
    }),
  );
});

it("jobs are grouped by key, with what they cost, and a key leaves its jobs", async () => {
  const group = (value: string, count: number, costMicros: number | null) => ({
    value,
    flow: null,
    count,
    since: "2026-11-24T10:00:00.000Z",
    until: "2026-11-24T11:00:00.000Z",
    example: "0123456789abcdef01234567",
    costMicros,
  });
  const asked: string[] = [];
  server.use(
    http.get("/jobs", () => HttpResponse.json([wireSummary()])),
    http.get("/jobs/groups", ({ request }) => {
      const by = new URL(request.url).searchParams;
      asked.push(`${by.get("by")} ${by.get("status")}`);
      const groups = by.get("by") === "key" ? [group("acme co", 1_200, 1_500_000), group("b", 3, null)] : [];
      return HttpResponse.json({ groups, more: true, currency: "EUR" });
    }),
  );
  const { router } = renderPage("/ui/?q=key:other+words");
  await userEvent.click(await screen.findByRole("button", { name: "Groups" }));
  expect(await screen.findByText("No failed job in this list.")).toBeInTheDocument();
  await userEvent.selectOptions(screen.getByLabelText("Group by"), "By key");
  const table = await screen.findByRole("table", { name: "Jobs by key" });
  expect(within(table).getByRole("row", { name: /acme co 1,200.*1\.50 EUR/ })).toBeInTheDocument();
  expect(within(table).queryByRole("button")).toBeNull();
  expect(screen.getByText("Counted among the newest 10,000 jobs.")).toBeInTheDocument();
  await userEvent.click(within(table).getByRole("link", { name: "acme co" }));
  await waitFor(() => expect(router.state.location.search).toEqual({ q: 'key:"acme co" words' }));
  expect(asked.slice(0, 2)).toEqual(["error FAILED", "key null"]);
});

it.each([
  ["By flow", "chat", { flow: "chat" }],
  ["By tag", "eu", { tag: "eu" }],
  ["By verdict", "malformed", { q: "verdict:malformed" }],
])("a group %s leaves its jobs", async (choice, value, search) => {
  const at = "2026-11-24T10:00:00.000Z";
  const group = {
    value,
    flow: null,
    count: 1,
    since: at,
    until: at,
    example: "0".repeat(24),
    costMicros: null,
  };
  server.use(
    http.get("/jobs", () => HttpResponse.json([wireSummary()])),
    http.get("/jobs/groups", () => HttpResponse.json({ groups: [group], more: false, currency: "EUR" })),
  );
  const { router } = renderPage("/ui/");
  await userEvent.click(await screen.findByRole("button", { name: "Groups" }));
  await userEvent.selectOptions(screen.getByLabelText("Group by"), choice);
  await userEvent.click(await screen.findByRole("link", { name: value }));
  await waitFor(() => expect(router.state.location.search).toEqual(search));
});

it("a group of failures is retried: its own query is counted and sent", async () => {
  const group = {
    value: "http_500",
    flow: "mock",
    count: 2,
    since: "2026-11-24T10:00:00.000Z",
    until: "2026-11-24T11:00:00.000Z",
    example: "0123456789abcdef01234567",
    costMicros: null,
  };
  const asked: unknown[] = [];
  server.use(
    http.get("/jobs", () => HttpResponse.json([wireSummary({ status: "FAILED" })])),
    http.get("/jobs/groups", () => HttpResponse.json({ groups: [group], more: false, currency: "USD" })),
    http.post("/bulk-actions", async ({ request }) => {
      const body = (await request.json()) as { dryRun: boolean };
      asked.push(body);
      return body.dryRun
        ? HttpResponse.json({ count: 12_345, more: false })
        : HttpResponse.json(wireBulkAction({ action: "retry", matched: 12_345 }), { status: 201 });
    }),
  );
  renderPage("/ui/?tag=eu");
  await userEvent.click(await screen.findByRole("button", { name: "Groups" }));
  await userEvent.click(await screen.findByRole("button", { name: "Retry all…" }));
  const dialog = await screen.findByRole("dialog", { name: "Retry 12,345 jobs?" });
  await userEvent.type(within(dialog).getByLabelText("Reason"), "the API is back");
  await userEvent.click(within(dialog).getByRole("button", { name: "Retry 12,345 jobs" }));
  await waitFor(() => expect(asked).toHaveLength(2));
  const query = { status: ["FAILED"], flow: "mock", tag: "eu", q: "error:http_500" };
  expect(asked).toEqual([
    { action: "retry", query, dryRun: true },
    { action: "retry", query, dryRun: false, reason: "the API is back" },
  ]);
});

it("the error of a failed row is a chip that leaves only its jobs", async () => {
  const error = { code: "callback_overdue", message: "No callback came." };
  server.use(http.get("/jobs", () => HttpResponse.json([wireSummary({ status: "FAILED", error })])));
  const { router } = renderPage("/ui/?flow=mock&q=error:other+words");
  await userEvent.click(await screen.findByRole("link", { name: "callback_overdue" }));
  await waitFor(() =>
    expect(router.state.location.search).toEqual({ flow: "mock", q: "error:callback_overdue words" }),
  );
});

it("what is typed at a time is one step back, and a choice before it is another", async () => {
  server.use(http.get("/jobs", () => HttpResponse.json([wireSummary()])));
  const { router } = renderPage("/ui/");
  const at = (search: string) => waitFor(() => expect(router.state.location.searchStr).toBe(search));
  await screen.findByRole("option", { name: "mock" });
  await userEvent.selectOptions(screen.getByLabelText("Filter by flow"), "mock");
  await at("?flow=mock");
  await userEvent.type(screen.getByRole("searchbox"), "one");
  await at("?flow=mock&q=one");
  await userEvent.type(screen.getByRole("searchbox"), " two");
  await at("?flow=mock&q=one+two");
  router.history.back();
  await at("?flow=mock");
  router.history.back();
  await at("");
});
