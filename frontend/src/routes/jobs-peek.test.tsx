import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { beforeEach, expect, it, vi } from "vitest";
import { isAttended } from "@/features/job-list/attention";
import { wireJob, wireSummary } from "@/testing/job-factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

const IDS = ["a", "b", "c"].map((letter) => letter.repeat(24));
const [FIRST, SECOND] = IDS as [string, string];

beforeEach(() => {
  server.use(
    http.get("/jobs", () =>
      HttpResponse.json(IDS.map((id) => wireSummary({ id, prompt: `Prompt ${id[0]}` }))),
    ),
    http.get("/jobs/:id", ({ params: { id } }) =>
      typeof id === "string" && IDS.includes(id)
        ? HttpResponse.json(wireJob({ id, prompt: `The whole prompt ${id[0]}` }))
        : problem(404, "There is no such job."),
    ),
  );
});

function row(letter: string): Promise<HTMLElement> {
  return screen.findByRole("link", { name: `Prompt ${letter}` });
}

it("opens beside the list, steps through it, and gives the focus back to the row of the last job", async () => {
  const { router } = renderPage("/ui/?flow=mock");
  (await row("a")).focus();
  await userEvent.keyboard("p");
  const drawer = await screen.findByRole("dialog");
  expect(await within(drawer).findByText("The whole prompt a")).toBeInTheDocument();
  expect(drawer).toHaveAccessibleName(/Job ?a{24}/);
  expect(within(drawer).getByText("1 of 3")).toBeInTheDocument();
  expect(router.state.location.searchStr).toBe(`?flow=mock&peek=${FIRST}`);

  await userEvent.keyboard("j");
  expect(await within(drawer).findByText("The whole prompt b")).toBeInTheDocument();
  await userEvent.keyboard("k");
  expect(await within(drawer).findByText("The whole prompt a")).toBeInTheDocument();
  await userEvent.keyboard("k");
  expect(within(drawer).getByText("1 of 3")).toBeInTheDocument();
  await userEvent.click(within(drawer).getByRole("button", { name: "Next job" }));
  await waitFor(() => expect(router.state.location.searchStr).toBe(`?flow=mock&peek=${SECOND}`));

  // One step back from the list before, however many jobs were looked at.
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(router.state.location.searchStr).toBe("?flow=mock"));
  await waitFor(() => expect(document.activeElement).toHaveAccessibleName("Prompt b"));
});

it("space peeks at the row that has the focus, Enter opens the job", async () => {
  const { router } = renderPage("/ui/");
  (await row("c")).focus();
  await userEvent.keyboard(" ");
  const drawer = await screen.findByRole("dialog");
  expect(await within(drawer).findByText("The whole prompt c")).toBeInTheDocument();
  await userEvent.keyboard("{Enter}");
  await waitFor(() => expect(router.state.location.pathname).toMatch(/\/jobs\/c+$/));
});

it("has an address, also for a job that is not in the list or is gone", async () => {
  const { router } = renderPage(`/ui/?peek=${"f".repeat(24)}`);
  const drawer = await screen.findByRole("dialog");
  expect(await within(drawer).findByText(/^Job not found/)).toBeInTheDocument();
  expect(within(drawer).queryByRole("link", { name: "Open" })).not.toBeInTheDocument();
  expect(within(drawer).queryByRole("button", { name: "Next job" })).not.toBeInTheDocument();
  await userEvent.click(within(drawer).getByRole("button", { name: "Close" }));
  await waitFor(() => expect(router.state.location.searchStr).toBe(""));
});

it("holds the rows of the list still while a job is peeked at", async () => {
  renderPage(`/ui/?peek=${FIRST}`);
  await screen.findByRole("dialog");
  const list = screen.getByRole("region", { name: "Jobs", hidden: true });
  // Long after the pointer moved.
  const later = vi.spyOn(performance, "now").mockReturnValue(performance.now() + 60_000);
  expect(isAttended(list)).toBe(true);

  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  (document.activeElement as HTMLElement).blur();
  expect(isAttended(list)).toBe(false);
  later.mockRestore();
});
