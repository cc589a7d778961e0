import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { describe, expect, it } from "vitest";
import { FakeEventSource } from "@/testing/fake-event-source";
import { wireJob, wireSummary } from "@/testing/job-factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

const OTHER = "ffffffffffffffffffffffff";

/** The list as the server would answer each request, and the requests it was asked. */
function listing(...jobs: Parameters<typeof wireSummary>[0][]) {
  const asked: URLSearchParams[] = [];
  server.use(
    http.get("/jobs", ({ request }) => {
      asked.push(new URL(request.url).searchParams);
      return HttpResponse.json(jobs.map(wireSummary));
    }),
  );
  return asked;
}

describe("the list", () => {
  it("shows a job: status in words, prompt, flow, what it waits for", async () => {
    listing({
      status: "WAITING",
      waitingOn: { kind: "callback", detail: "It will call back.", until: null },
    });
    renderPage("/ui/");
    const row = (await screen.findByRole("link", { name: "Summarise this." })).closest("tr");
    expect(row).not.toBeNull();
    const cells = within(row as HTMLElement);
    expect(cells.getByText("Waiting")).toBeInTheDocument();
    expect(cells.getByText("It will call back.")).toBeInTheDocument();
    expect(cells.getByText("mock")).toBeInTheDocument();
  });

  it.each([
    ["a tag of a job", { tags: ["eu"] }, "eu", { tag: "eu", q: "invoice" }],
    [
      "the code of its error",
      { status: "FAILED", error: { code: "timeout", message: "No answer." } },
      "timeout",
      { q: "error:timeout invoice" },
    ],
  ] as const)("is filtered by %s, and keeps its other filters", async (_, job, name, expected) => {
    listing({ ...job, tags: "tags" in job ? [...job.tags] : [], waitingOn: null });
    const { router } = renderPage("/ui/?q=invoice");
    const chip = await screen.findByRole("link", { name });
    // The prompt's link covers the row, and holds nothing else that can be pressed.
    expect(chip.parentElement?.closest("a")).toBeNull();

    await userEvent.click(chip);
    await waitFor(() => expect(router.state.location.search).toMatchObject(expected));
    expect(router.state.location.pathname).toBe("/");
  });

  it("says three different things about an empty list", async () => {
    listing();
    const { router } = renderPage("/ui/");
    expect(await screen.findByText("No jobs yet")).toBeInTheDocument();
    expect(screen.getByText(/^curl -X POST/)).toBeInTheDocument();

    await act(() => router.navigate({ to: "/", search: { q: "nothing like it" } }));
    expect(await screen.findByText("No job matches these filters")).toBeInTheDocument();
  });

  it("that cannot be loaded shows the server's words", async () => {
    server.use(http.get("/jobs", () => problem(400, "The cursor is not one of ours.")));
    renderPage("/ui/");
    expect(await screen.findByText("The cursor is not one of ours.")).toBeInTheDocument();
  });

  it("asks for what stands in the address, and writes there what is chosen", async () => {
    const asked = listing({ status: "FAILED" });
    const { router } = renderPage("/ui/?status=FAILED&q=invoice");
    await screen.findByRole("link", { name: "Summarise this." });
    expect(asked[0]?.getAll("status")).toEqual(["FAILED"]);
    expect(asked[0]?.get("q")).toBe("invoice");
    expect(screen.getByRole("searchbox")).toHaveValue("invoice");

    const user = userEvent.setup();
    await user.keyboard("{Control>}");
    await user.click(screen.getByRole("button", { name: /^Pending/ }));
    await waitFor(() =>
      expect(router.state.location.searchStr).toBe("?status=FAILED&status=PENDING&q=invoice"),
    );
    await waitFor(() => expect(asked.at(-1)?.getAll("status")).toEqual(["FAILED", "PENDING"]));
  });

  it("shows anew what an event is about", async () => {
    listing({ status: "RUNNING" });
    renderPage("/ui/");
    expect(await screen.findByText("Running", { selector: "[data-status]" })).toBeInTheDocument();
    listing({ status: "COMPLETED" });
    act(() => {
      FakeEventSource.newest().send("hello", { position: 1 });
      FakeEventSource.newest().send("job", { id: OTHER, status: "COMPLETED", flow: "mock", rev: 2 });
    });
    expect(await screen.findByText("Completed", { selector: "[data-status]" })).toBeInTheDocument();
    expect(screen.getByTestId("live-light")).toHaveTextContent("Live");
  });
});

async function openForm() {
  await userEvent.click(await screen.findByRole("button", { name: "New job" }));
  return screen.findByLabelText("Prompt");
}

describe("the form", () => {
  it("never sends a blank prompt, and says why when asked to", async () => {
    let sent = 0;
    server.use(
      http.post("/jobs", () => {
        sent += 1;
        return HttpResponse.json(wireJob(), { status: 201 });
      }),
    );
    renderPage("/ui/");
    const prompt = await openForm();
    await userEvent.type(prompt, "  ");
    expect(screen.queryByText(/blank/)).not.toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: /Create job/ }));
    expect(await screen.findByText(/must not be blank/)).toBeInTheDocument();
    expect(prompt).toHaveAccessibleDescription(/blank/);

    await userEvent.type(prompt, "now with words");
    expect(screen.queryByText(/blank/)).not.toBeInTheDocument();
    await userEvent.keyboard("{Control>}{Enter}{/Control}");
    expect(await screen.findByText(/Created\./)).toBeInTheDocument();
    expect(sent).toBe(1);
    await waitFor(() => expect(prompt).not.toBeInTheDocument());
    expect(await openForm()).toHaveValue("");
  });

  it("sends the same key again after a failure, and another for the next job", async () => {
    const keys: (string | null)[] = [];
    server.use(
      http.post("/jobs", ({ request }) => {
        keys.push(request.headers.get("idempotency-key"));
        return keys.length === 1 ? problem(500, "Try again.") : HttpResponse.json(wireJob(), { status: 201 });
      }),
    );
    renderPage("/ui/");
    const create = () => screen.getByRole("button", { name: /Create job/ });
    await userEvent.type(await openForm(), "once");
    await userEvent.click(create());
    expect(await screen.findByRole("alert")).toHaveTextContent("Try again.");
    // Closed and opened again, it is the same submission.
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    await openForm();
    await userEvent.click(create());
    await screen.findByText(/Created\./);
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
    await userEvent.type(await openForm(), "once");
    await userEvent.click(create());
    await waitFor(() => expect(keys).toHaveLength(3));
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[0]);
  });

  it("never trusts the answer to a submission over the events that overtook it", async () => {
    let answer: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    server.use(
      http.post("/jobs", async () => {
        await held;
        return HttpResponse.json(wireJob(), { status: 201 });
      }),
      http.get(`/jobs/${wireJob().id}`, () =>
        HttpResponse.json(wireJob({ status: "COMPLETED", waitingOn: null })),
      ),
    );
    renderPage("/ui/");
    await userEvent.type(await openForm(), "quick");
    await userEvent.click(screen.getByRole("button", { name: /Create job/ }));
    act(() => {
      FakeEventSource.newest().send("hello", { position: 1 });
      FakeEventSource.newest().send("job", { id: wireJob().id, status: "COMPLETED", flow: "mock", rev: 4 });
    });
    answer();
    await userEvent.click(await screen.findByRole("link", { name: "Open the job" }));
    expect(await screen.findByText("Completed", { selector: "[data-status]" })).toBeInTheDocument();
  });

  it("shows the server's word on a field at that field", async () => {
    server.use(
      http.post("/jobs", () =>
        problem(422, "A field cannot be taken.", [{ field: "prompt", message: "This one is not allowed." }]),
      ),
    );
    renderPage("/ui/");
    await userEvent.type(await openForm(), "x");
    await userEvent.click(screen.getByRole("button", { name: /Create job/ }));
    await waitFor(() => expect(screen.getByLabelText("Prompt")).toHaveAccessibleDescription(/not allowed/));
  });

  it("is disabled while the server is gone, keeps what was typed, and comes back by itself", async () => {
    renderPage("/ui/");
    const prompt = await openForm();
    await userEvent.type(prompt, "keep me");
    const gone = () => HttpResponse.error();
    server.use(http.get("/health", gone), http.get("/jobs", gone), http.get("/stats", gone));
    act(() => FakeEventSource.newest().fail());
    expect(await screen.findByTestId("server-banner")).toHaveTextContent(/cannot be reached/);
    expect(prompt).toBeDisabled();
    expect(screen.getByTestId("live-light")).toHaveTextContent("Offline");

    server.resetHandlers();
    await waitFor(() => expect(screen.queryByTestId("server-banner")).not.toBeInTheDocument());
    expect(prompt).toBeEnabled();
    expect(prompt).toHaveValue("keep me");
  });
});

describe("the keyboard", () => {
  it("reaches search, form, rows and help, and leaves those alone who type", async () => {
    listing({ id: OTHER, prompt: "newer" }, { prompt: "older" });
    server.use(http.get(`/jobs/${wireJob().id}`, () => HttpResponse.json(wireJob({ prompt: "older" }))));
    const { router } = renderPage("/ui/");
    await screen.findByRole("link", { name: "older" });

    await userEvent.keyboard("/");
    expect(screen.getByRole("searchbox")).toHaveFocus();
    await userEvent.keyboard("n?");
    expect(screen.getByRole("searchbox")).toHaveValue("n?");
    await userEvent.keyboard("{Escape}{Escape}");
    expect(screen.getByRole("searchbox")).not.toHaveFocus();

    await userEvent.keyboard("?");
    expect(await screen.findByRole("dialog", { name: "Keyboard and search" })).toBeInTheDocument();
    await userEvent.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());

    (document.activeElement as HTMLElement).blur();
    await userEvent.keyboard("jj{Enter}");
    await waitFor(() => expect(router.state.location.pathname).toMatch(/jobs\/0123456789abcdef01234567$/));
  });
});
