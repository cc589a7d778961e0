import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import type { WireCallback } from "@/api/model";
import { wireSession } from "@/testing/access-factories";
import { wireCallback, wireJob } from "@/testing/job-factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

const JOB = "0123456789abcdef01234567";
const FAILED = { status: "FAILED", waitingOn: null, finishedAt: "2026-11-24T09:00:00.000Z" } as const;

/** The inbox as the server would answer each request, and the requests it was asked. */
function keeping(...callbacks: Partial<WireCallback>[]) {
  const asked: URLSearchParams[] = [];
  server.use(
    http.get("/callbacks", ({ request }) => {
      asked.push(new URL(request.url).searchParams);
      return HttpResponse.json(
        callbacks.map((changes, i) => wireCallback({ id: String(i).repeat(24), ...changes })),
      );
    }),
  );
  return asked;
}

it("an empty inbox is good news, and is in the navigation", async () => {
  renderPage("/ui/");
  await userEvent.click(await screen.findByRole("link", { name: "Callbacks" }));
  expect(await screen.findByText("No callbacks, and that is good")).toBeInTheDocument();
  expect(document.title).toMatch(/^Callbacks/);
});

it("says of each what it was, how often it came, and which job it is about", async () => {
  keeping(
    { verdict: "late", deliveries: 3, executionId: "e-7", attempt: 2 },
    {
      verdict: "unknown",
      said: "error",
      jobId: null,
      executionId: "e-8",
      flow: "summarise",
      content: "out of memory",
    },
    { verdict: "unknown", jobId: "f".repeat(24) },
    { verdict: "unreadable", said: "unreadable", jobId: null, content: "422: result: is required" },
  );
  server.use(
    http.get("/jobs", () => HttpResponse.json([wireJob({ id: JOB, ...FAILED, prompt: "Sum it up" })])),
  );
  renderPage("/ui/callbacks");
  const list = await screen.findByRole("list", { name: "Callbacks, newest first" });
  const [late, lost, unknown, unreadable] = within(list).getAllByRole("listitem");
  expect(late).toHaveTextContent("A result came after the job had failed.");
  expect(late).toHaveTextContent(/Attempt2Execution.*e-7Deliveries3, last/);
  expect(within(late as HTMLElement).getByRole("link", { name: "Sum it up" })).toHaveAttribute(
    "href",
    `/ui/jobs/${JOB}`,
  );
  expect(lost).toHaveTextContent(/A failure of an unknown execution\..*out of memory.*e-8Flowsummarise/);
  expect(within(unknown as HTMLElement).queryByRole("link")).not.toBeInTheDocument();
  expect(unreadable).toHaveTextContent("422: result: is required");
});

it("asks for the verdicts that stand in the address, and writes there what is chosen", async () => {
  const asked = keeping();
  const { router } = renderPage("/ui/callbacks?verdict=late");
  expect(await screen.findByText("No callback with this verdict")).toBeInTheDocument();
  expect(asked[0]?.getAll("verdict")).toEqual(["late"]);
  const user = userEvent.setup();
  await user.keyboard("{Control>}");
  await user.click(screen.getByRole("button", { name: /^Different/ }));
  await user.keyboard("{/Control}");
  await waitFor(() => expect(router.state.location.searchStr).toBe("?verdict=late&verdict=different"));
  await waitFor(() => expect(asked.at(-1)?.getAll("verdict")).toEqual(["late", "different"]));
  await userEvent.click(screen.getByRole("button", { name: "Show all callbacks" }));
  await waitFor(() => expect(router.state.location.searchStr).toBe(""));
});

it("loads more where there is more", async () => {
  server.use(
    http.get("/callbacks", ({ request }) =>
      new URL(request.url).searchParams.get("cursor") === "c2"
        ? HttpResponse.json([wireCallback({ id: "1".repeat(24), content: "older" })])
        : HttpResponse.json([wireCallback({ content: "newer" })], {
            headers: { link: '</callbacks?cursor=c2>; rel="next"' },
          }),
    ),
  );
  renderPage("/ui/callbacks");
  await userEvent.click(await screen.findByRole("button", { name: "Load more" }));
  expect(await screen.findByText("older")).toBeInTheDocument();
  expect(screen.getByText("newer")).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Load more" })).not.toBeInTheDocument();
});

it("a result that was cut is there in full on request, and only then to be copied", async () => {
  const id = "0".repeat(24);
  keeping({ content: '{"a', contentTruncated: true, contentBytes: 6_000 });
  renderPage("/ui/callbacks");
  const fold = await screen.findByRole("button", { name: /^The result: ?{"a/ });
  expect(fold).toHaveAttribute("aria-expanded", "false");
  await userEvent.click(fold);
  expect(screen.getByRole("group", { name: "The raw kept result" })).toHaveTextContent('{"a');
  expect(screen.queryByRole("button", { name: /^Copy/ })).not.toBeInTheDocument();

  server.use(http.get(`/callbacks/${id}`, () => problem(503, "The store cannot answer now.")));
  await userEvent.click(screen.getByRole("button", { name: "Show all" }));
  expect(await screen.findByText("The store cannot answer now. Request r1.")).toBeInTheDocument();

  server.use(http.get(`/callbacks/${id}`, () => HttpResponse.json(wireCallback({ id, content: '{"a":1}' }))));
  await userEvent.click(screen.getByRole("button", { name: "Show all" }));
  expect(await screen.findByRole("group", { name: "The kept result, formatted" })).toHaveTextContent(
    '{ "a": 1 }',
  );
  expect(screen.getByRole("button", { name: "Copy the raw kept result" })).toBeInTheDocument();
});

it("an inbox that cannot be loaded shows the server's words", async () => {
  server.use(http.get("/callbacks", () => problem(400, "The cursor is not one of ours.")));
  renderPage("/ui/callbacks");
  expect(await screen.findByText("The cursor is not one of ours.")).toBeInTheDocument();
});

/** An inbox with one late result, of a job that failed, that does what is asked. Returns what it was asked to do. */
function deciding() {
  const acts: string[] = [];
  let verdict: WireCallback["verdict"] = "late";
  const kept = () => wireCallback({ id: "a".repeat(24), verdict });
  server.use(
    http.get("/jobs", () => HttpResponse.json([wireJob({ id: JOB, ...FAILED, prompt: "Sum it up" })])),
    http.get("/callbacks", ({ request }) => {
      const wanted = new URL(request.url).searchParams.getAll("verdict");
      return HttpResponse.json(wanted.length === 0 || wanted.includes(verdict) ? [kept()] : []);
    }),
    http.get("/callbacks/count", () =>
      HttpResponse.json({ byVerdict: { late: 0, [verdict]: 1 }, countedTo: 1_000 }),
    ),
    http.post("/callbacks/:id/:act", ({ params }) => {
      acts.push(String(params["act"]));
      verdict = params["act"] === "accept" ? "accepted" : "rejected";
      return HttpResponse.json(
        params["act"] === "accept" ? wireJob({ id: JOB, status: "COMPLETED", waitingOn: null }) : kept(),
      );
    }),
  );
  return acts;
}

it("many are named with the text that is seen and with their number", async () => {
  deciding();
  server.use(
    http.get("/callbacks/count", () => HttpResponse.json({ byVerdict: { late: 1_234 }, countedTo: 10_000 })),
  );
  renderPage("/ui/callbacks");
  const link = await screen.findByRole("link", { name: "Callbacks 99+, 1,234 to decide" });
  expect(link).toHaveTextContent("Callbacks 99+");
});

it("what was rejected is counted so, is said, and can still be accepted", async () => {
  const acts = deciding();
  renderPage("/ui/callbacks");
  expect(await screen.findByRole("link", { name: "Callbacks, 1 to decide" })).toBeInTheDocument();
  await userEvent.click(await screen.findByRole("button", { name: "Reject" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("kept under Rejected");
  expect(await screen.findByRole("button", { name: "Rejected 1" })).toBeInTheDocument();
  expect(screen.getByRole("button", { name: "Late 0" })).toBeInTheDocument();
  expect(screen.getByRole("link", { name: "Callbacks" })).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "Reject" })).not.toBeInTheDocument();
  await waitFor(() => expect(screen.getByRole("listitem")).toHaveFocus());

  await userEvent.click(screen.getByRole("button", { name: "Accept this result…" }));
  const dialog = await screen.findByRole("dialog", { name: "Accept this result?" });
  expect(dialog).toHaveTextContent("The job: Sum it up");
  await userEvent.click(within(dialog).getByRole("button", { name: "Accept this result" }));
  expect(await screen.findByText(/accepted by a person/)).toBeInTheDocument();
  expect(acts).toEqual(["reject", "accept"]);
});

it("an act that fails says why, and the callback still waits", async () => {
  deciding();
  server.use(http.post("/callbacks/:id/reject", () => problem(409, "It is accepted.")));
  renderPage("/ui/callbacks?verdict=late");
  await userEvent.click(await screen.findByRole("button", { name: "Reject" }));
  expect(await screen.findByText("It is accepted.")).toBeInTheDocument();
  await waitFor(() => expect(screen.getByRole("button", { name: "Reject" })).toBeEnabled());
});

it("who may only read sees the acts, and why they are not theirs", async () => {
  const acts = deciding();
  server.use(http.get("/session", () => HttpResponse.json(wireSession({ rights: ["read"] }))));
  renderPage("/ui/callbacks");
  const reject = await screen.findByRole("button", { name: "Reject" });
  await waitFor(() => expect(reject).toHaveAttribute("aria-disabled", "true"));
  expect(reject).toHaveAccessibleDescription(/operate/);
  expect(screen.getByRole("button", { name: "Accept this result…" })).toHaveAttribute(
    "aria-disabled",
    "true",
  );
  await userEvent.click(reject);
  expect(acts).toEqual([]);
});
