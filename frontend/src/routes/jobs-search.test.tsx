import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { wireSummary } from "@/testing/factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

const MESSAGE = "at character 1: there is no such term";

it("a search that cannot be read says so at the field", async () => {
  server.use(
    http.get("/jobs", () => problem(422, `q: ${MESSAGE}`, [{ field: "q", message: MESSAGE }])),
    http.get("/jobs/count", () => problem(422, `q: ${MESSAGE}`, [{ field: "q", message: MESSAGE }])),
  );
  renderPage("/ui/?q=stauts:failed");
  expect(await screen.findByText("This search cannot be read")).toBeInTheDocument();
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
    http.get("/jobs/groups", () => HttpResponse.json({ groups, more: false })),
    http.get("/jobs/count", () =>
      HttpResponse.json({ count: 36, more: false, byStatus: { FAILED: 36 }, complete: false }),
    ),
  );
  const { router } = renderPage("/ui/?q=invoice");
  expect((await screen.findByText("invoice", { selector: "mark *, mark" })).closest("mark")).not.toBeNull();
  expect(await screen.findByText("Older jobs are still being made searchable.")).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "CSV" })).toHaveAttribute(
    "href",
    expect.stringContaining("/jobs/export?format=csv&q=invoice"),
  );

  await userEvent.click(screen.getByRole("button", { name: "Failures by error" }));
  const table = await screen.findByRole("table", { name: "Failed jobs by error" });
  expect(within(table).getByText("36")).toBeInTheDocument();
  await userEvent.click(within(table).getByRole("button", { name: "http_500" }));
  await waitFor(() =>
    expect(router.state.location.search).toEqual({
      status: "FAILED",
      flow: "mock",
      q: "error:http_500 invoice",
    }),
  );
});
