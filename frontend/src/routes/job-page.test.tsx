import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { wireJob, wireSummary } from "@/testing/job-factories";
import { ID, openJob } from "@/testing/job-page";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

it("leads to the replays of the job, if there are any", async () => {
  server.use(
    http.get("/jobs/count", ({ request }) => {
      const q = new URL(request.url).searchParams.get("q");
      const count = q === `replay-of:${ID}` ? 2 : 0;
      return HttpResponse.json({ count, more: false, byStatus: {}, complete: true });
    }),
  );
  openJob({ id: ID });
  const link = await screen.findByRole("link", { name: "2" });
  expect(new URL(link.getAttribute("href") ?? "", "http://x").searchParams.get("q")).toBe(`replay-of:${ID}`);
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

it("a job that is not there is not an error of the page", async () => {
  server.use(http.get(`/jobs/${ID}`, () => problem(404, "Job not found.")));
  renderPage(`/ui/jobs/${ID}`);
  expect(await screen.findByRole("heading", { name: "Job not found" })).toBeInTheDocument();
});

it("folds a long prompt, so that what became of it is in sight", async () => {
  openJob({ prompt: Array.from({ length: 60 }, (_, i) => `line ${i}`).join("\n") });
  const button = await screen.findByRole("button", { name: "Show more of the prompt" });
  expect(button).toHaveAttribute("aria-expanded", "false");
  await userEvent.click(button);
  expect(screen.getByRole("button", { name: "Show less of the prompt" })).toHaveAttribute(
    "aria-expanded",
    "true",
  );
});

it("a short prompt is not folded", async () => {
  openJob({});
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
