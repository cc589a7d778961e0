import { notifications } from "@mantine/notifications";
import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { afterEach, expect, it, vi } from "vitest";
import type { WireCallback, WireJob } from "@/api/model";
import { FakeEventSource } from "@/testing/fake-event-source";
import { wireCallback, wireJob } from "@/testing/job-factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

const ID = "0123456789abcdef01234567";
const FAILED = { status: "FAILED", waitingOn: null, finishedAt: "2026-11-24T09:00:00.000Z" } as const;

afterEach(() => {
  vi.useRealTimers();
});

/** What the server has from now on; it counts how often the list of callbacks was answered. */
function serving(job: Partial<WireJob>, callbacks: Partial<WireCallback>[]) {
  const answered = { lists: 0 };
  server.use(
    http.get(`/jobs/${ID}`, () => HttpResponse.json(wireJob(job))),
    http.get("/callbacks", ({ request }) => {
      expect(new URL(request.url).searchParams.get("jobId")).toBe(ID);
      answered.lists += 1;
      return HttpResponse.json(
        callbacks.map((changes, i) => wireCallback({ id: String(i).repeat(24), ...changes })),
      );
    }),
  );
  return answered;
}

async function rows() {
  const section = await screen.findByRole("region", { name: "Other callbacks" });
  return within(section)
    .getAllByRole("listitem")
    .map((row) => row.textContent);
}

it("what was applied is in the job's history and not said twice", async () => {
  serving(FAILED, [{ verdict: "applied", said: "error" }, { verdict: "late" }]);
  renderPage(`/ui/jobs/${ID}`);
  expect(await rows()).toEqual([expect.stringContaining("A result came after the job had failed.")]);
});

it("looks anew when the job has changed", async () => {
  serving({ status: "WAITING" }, []);
  renderPage(`/ui/jobs/${ID}`);
  expect(await screen.findByText("Waiting", { selector: "[data-status]" })).toBeInTheDocument();
  expect(screen.queryByRole("region", { name: "Other callbacks" })).not.toBeInTheDocument();
  serving({ status: "WAITING" }, [{ verdict: "stale", said: "error", content: "out of memory" }]);
  act(() => {
    FakeEventSource.newest().send("hello", { position: 1 });
    FakeEventSource.newest().send("job", { id: ID, status: "WAITING", flow: "mock", rev: 2 });
  });
  expect(await rows()).toEqual([expect.stringMatching(/not in progress\..*out of memory/)]);
});

it("lists what came besides, in words", async () => {
  serving({ status: "COMPLETED", waitingOn: null, result: "first" }, [
    { verdict: "duplicate", content: "", contentBytes: 0, deliveries: 3 },
    { verdict: "different", content: "second" },
  ]);
  renderPage(`/ui/jobs/${ID}`);
  const [same, other] = await rows();
  expect(same).toMatch(/The same result again\..*Deliveries3, last/);
  expect(other).toMatch(/A different result .* The first result stays\..*second/);
  expect(screen.queryByTestId("late-result")).not.toBeInTheDocument();
  expect(screen.queryByRole("button", { name: /^Accept/ })).not.toBeInTheDocument();
});

it("many are folded up", async () => {
  const many = Array.from({ length: 8 }, () => ({ verdict: "different" }) as const);
  serving({ status: "COMPLETED", waitingOn: null, result: "first" }, many);
  renderPage(`/ui/jobs/${ID}`);
  expect(await rows()).toHaveLength(5);
  await userEvent.click(screen.getByRole("button", { name: "Show all 8" }));
  expect(await rows()).toHaveLength(8);
});

it("a late result is accepted after it was looked at", async () => {
  serving(FAILED, [{ verdict: "late", content: '{"answer": 42}' }]);
  let accepted = 0;
  server.use(
    http.post(`/callbacks/${"0".repeat(24)}/accept`, () => {
      accepted += 1;
      const completed = { ...FAILED, status: "COMPLETED", result: '{"answer": 42}' } as const;
      serving(completed, [{ verdict: "accepted" }]);
      return HttpResponse.json(wireJob(completed));
    }),
  );
  renderPage(`/ui/jobs/${ID}`);
  const notice = within(await screen.findByTestId("late-result"));
  expect(notice.getByText("A result came after the job had failed")).toBeInTheDocument();
  await userEvent.click(notice.getByRole("button", { name: "Accept this result…" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Accept this result?" }));
  expect(dialog.getByRole("group", { name: "The kept result, formatted" })).toHaveTextContent('"answer": 42');
  expect(dialog.getByRole("button", { name: "Not now" })).toHaveFocus();
  expect(accepted).toBe(0);

  await userEvent.click(dialog.getByRole("button", { name: "Accept this result" }));
  expect(await screen.findByText("Completed", { selector: "[data-status]" })).toBeInTheDocument();
  await waitFor(async () => expect((await rows())[0]).toMatch(/A late result, accepted by a person/));
  expect(accepted).toBe(1);
  expect(screen.queryByTestId("late-result")).not.toBeInTheDocument();
  expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  expect(screen.getByRole("main")).toHaveFocus();
});

it("a refusal is said in the server's words, and the job shown as it stands", async () => {
  serving(FAILED, [{ verdict: "late" }]);
  const said = vi.spyOn(notifications, "show");
  const words = "Only FAILED and CANCELLED jobs take a late result; this one is PENDING.";
  server.use(
    http.post("/callbacks/:id/accept", () => {
      serving({ status: "PENDING" }, [{ verdict: "late" }]);
      return problem(409, words);
    }),
  );
  renderPage(`/ui/jobs/${ID}`);
  const notice = within(await screen.findByTestId("late-result"));
  await userEvent.click(notice.getByRole("button", { name: "Accept this result…" }));
  await userEvent.click(await screen.findByRole("button", { name: "Accept this result" }));
  expect(await screen.findByText("Pending", { selector: "[data-status]" })).toBeInTheDocument();
  expect(said).toHaveBeenCalledWith(expect.objectContaining({ message: words }));
  expect(screen.queryByTestId("late-result")).not.toBeInTheDocument();
  expect(await rows()).toHaveLength(1);
});

it("of several late results one is chosen below", async () => {
  serving({ ...FAILED, status: "CANCELLED" }, [{ verdict: "late" }, { verdict: "late", content: "other" }]);
  renderPage(`/ui/jobs/${ID}`);
  const notice = await screen.findByTestId("late-result");
  expect(notice).toHaveTextContent("2 results came after the job was cancelled");
  expect(within(notice).queryByRole("button")).not.toBeInTheDocument();
  expect(screen.getAllByRole("button", { name: "Accept this result…" })).toHaveLength(2);
});

it("no event tells of a late result: the page of a failed job looks for it by itself", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  serving(FAILED, []);
  renderPage(`/ui/jobs/${ID}`);
  expect(await screen.findByText("Failed", { selector: "[data-status]" })).toBeInTheDocument();
  serving(FAILED, [{ verdict: "late" }]);
  act(() => {
    vi.advanceTimersByTime(10_000);
  });
  expect(await screen.findByTestId("late-result")).toBeInTheDocument();
});

it("says so when they cannot be loaded, and tries again when asked to", async () => {
  serving(FAILED, [{ verdict: "late" }]);
  server.use(http.get("/callbacks", () => problem(500, "The store does not answer.")));
  renderPage(`/ui/jobs/${ID}`);
  const section = await screen.findByRole("region", { name: "Other callbacks" });
  expect(within(section).getByRole("alert")).toHaveTextContent(
    /could not be loaded: The store does not answer\./,
  );
  serving(FAILED, [{ verdict: "late" }]);
  await userEvent.click(within(section).getByRole("button", { name: "Try again" }));
  expect(await screen.findByTestId("late-result")).toBeInTheDocument();
  expect(screen.queryByText(/could not be loaded/)).not.toBeInTheDocument();
});

const UNREAD = {
  verdict: "unreadable",
  said: "unreadable",
  content: "400: The body is not one well-formed JSON value in UTF-8, and no form.",
  contentType: "application/json",
  body: null,
  bodyBytes: 19,
} as const;
const CAME = '{"result": "say "hi""}';

function bringing(body: string) {
  server.use(
    http.get(`/callbacks/${"0".repeat(24)}`, () =>
      HttpResponse.json(wireCallback({ ...UNREAD, id: "0".repeat(24), body, bodyBytes: body.length })),
    ),
  );
}

it("what could not be read is shown with why, as it came, and to be saved", async () => {
  serving({ status: "WAITING" }, [UNREAD]);
  bringing(CAME);
  renderPage(`/ui/jobs/${ID}`);
  const section = within(await screen.findByRole("region", { name: "Other callbacks" }));
  expect(section.getByText(/An unreadable callback/)).toBeInTheDocument();
  expect(section.getByText(UNREAD.content)).toBeInTheDocument();
  expect(await section.findByRole("group", { name: "The body as text" })).toHaveTextContent(CAME);
  expect(section.getByRole("link", { name: "Download the body" })).toHaveAttribute(
    "href",
    `/callbacks/${"0".repeat(24)}/body`,
  );
});

it("what could not be read is accepted by a person who has seen it, while the job still waits", async () => {
  serving({ status: "WAITING" }, [UNREAD]);
  bringing(CAME);
  server.use(
    http.post(`/callbacks/${"0".repeat(24)}/accept`, () => {
      const completed = { status: "COMPLETED", waitingOn: null, result: CAME } as const;
      serving(completed, [{ ...UNREAD, verdict: "accepted" }]);
      return HttpResponse.json(wireJob(completed));
    }),
  );
  renderPage(`/ui/jobs/${ID}`);
  const notice = within(await screen.findByTestId("unread-callback"));
  expect(notice.getByText("A callback could not be read")).toBeInTheDocument();
  await userEvent.click(notice.getByRole("button", { name: "Accept the body…" }));
  const dialog = within(await screen.findByRole("dialog", { name: "Accept the body as the result?" }));
  expect(await dialog.findByRole("group", { name: "The body as text" })).toHaveTextContent(CAME);
  await userEvent.click(dialog.getByRole("button", { name: "Accept the whole body" }));
  expect(await screen.findByText("Completed", { selector: "[data-status]" })).toBeInTheDocument();
  await waitFor(async () =>
    expect((await rows())[0]).toMatch(/An unreadable callback, accepted by a person/),
  );
  expect(screen.queryByTestId("unread-callback")).not.toBeInTheDocument();
});

it("of what is not whole only the beginning is shown, and nobody is asked to accept it", async () => {
  serving({ status: "FAILED", waitingOn: null }, [{ ...UNREAD, bodyTruncated: true }]);
  bringing("x".repeat(19));
  renderPage(`/ui/jobs/${ID}`);
  const section = within(await screen.findByRole("region", { name: "Other callbacks" }));
  await userEvent.click(section.getByRole("button", { name: /^Body/ }));
  expect(
    await section.findByText("Only the start of the body was kept, so it cannot be accepted."),
  ).toBeInTheDocument();
  expect(screen.queryByTestId("unread-callback")).not.toBeInTheDocument();
  expect(screen.queryByRole("button", { name: /^Accept/ })).not.toBeInTheDocument();
});

it("where nothing was read there is nothing to look at, and it is said", async () => {
  serving({ status: "WAITING" }, [
    { ...UNREAD, bodyBytes: null },
    { ...UNREAD, bodyBytes: 0 },
  ]);
  renderPage(`/ui/jobs/${ID}`);
  expect(await screen.findByText("The body was not read.")).toBeInTheDocument();
  expect(screen.getAllByText(UNREAD.content)).toHaveLength(2);
  expect(screen.queryByRole("button", { name: /^Body|Accept/ })).not.toBeInTheDocument();
});

it("bytes that cannot be loaded are said to be, and asked for again", async () => {
  serving({ status: "COMPLETED", waitingOn: null, result: "r" }, [UNREAD]);
  server.use(http.get("/callbacks/:id", () => problem(503, "The store cannot answer now.")));
  renderPage(`/ui/jobs/${ID}`);
  await userEvent.click(await screen.findByRole("button", { name: /^Body/ }));
  expect(await screen.findByText("The store cannot answer now. Request r1.")).toBeInTheDocument();
  bringing(CAME);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("group", { name: "The body as text" })).toHaveTextContent(CAME);
});

it("the history says that one came, and the kept one is asked for at once", async () => {
  bringing(CAME);
  const before = serving({ status: "WAITING" }, []);
  renderPage(`/ui/jobs/${ID}`);
  expect(await screen.findByText("Waiting", { selector: "[data-status]" })).toBeInTheDocument();
  // Else the first list, not the history, would bring it.
  await waitFor(() => expect(before.lists).toBe(1));
  const at = "2026-11-24T10:00:01.000Z";
  serving(
    { status: "WAITING", history: [{ at, what: "callback_unreadable", attempt: 1, detail: UNREAD.content }] },
    [UNREAD],
  );
  act(() => {
    FakeEventSource.newest().send("hello", { position: 1 });
    FakeEventSource.newest().send("job", { id: ID, status: "WAITING", flow: "mock", rev: 2 });
  });
  expect(await screen.findByTestId("unread-callback")).toBeInTheDocument();
  expect(screen.getAllByText("A callback could not be read").length).toBeGreaterThan(1);
});
