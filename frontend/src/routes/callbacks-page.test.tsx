import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import type { WireCallback } from "@/api/model";
import { wireCallback } from "@/testing/factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

const JOB = "0123456789abcdef01234567";

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
  renderPage("/ui/callbacks");
  const list = await screen.findByRole("list", { name: "Callbacks, newest first" });
  const [late, lost, unknown, unreadable] = within(list).getAllByRole("listitem");
  expect(late).toHaveTextContent("A result came after the job had ended.");
  expect(late).toHaveTextContent(/Attempt2Execution.*e-7Deliveries3, last/);
  expect(within(late as HTMLElement).getByRole("link", { name: JOB })).toHaveAttribute(
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
  expect(await screen.findByText("No callback of this kind")).toBeInTheDocument();
  expect(asked[0]?.getAll("verdict")).toEqual(["late"]);
  await userEvent.click(screen.getByRole("button", { name: "Different" }));
  await waitFor(() => expect(router.state.location.searchStr).toBe("?verdict=late&verdict=different"));
  await waitFor(() => expect(asked.at(-1)?.getAll("verdict")).toEqual(["late", "different"]));
  await userEvent.click(screen.getByRole("button", { name: "Show all kinds" }));
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
  expect(await screen.findByText("The store cannot answer now.")).toBeInTheDocument();

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
