import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import type { WireActiveSession, WireAuditEntry } from "@/api/model";
import { keySession, wireAuditEntry, wireKey } from "@/testing/access-factories";
import { renderPage } from "@/testing/render";
import { server } from "@/testing/server";

function written(...entries: Partial<WireAuditEntry>[]) {
  const asked: URLSearchParams[] = [];
  server.use(
    http.get("/keys", () => HttpResponse.json([wireKey()])),
    http.get("/audit", ({ request }) => {
      const query = new URL(request.url).searchParams;
      asked.push(query);
      const more = query.get("cursor") === null && entries.length > 2;
      const shown = query.get("cursor") === null ? entries.slice(0, 2) : entries.slice(2);
      return HttpResponse.json(
        shown.map((changes, i) => wireAuditEntry({ id: `${query.get("cursor") ?? "a"}${i}`, ...changes })),
        more ? { headers: { link: '</audit?cursor=b>; rel="next"' } } : {},
      );
    }),
  );
  return asked;
}

it("says who did what, and loads more", async () => {
  written(
    {},
    {
      act: "refused",
      outcome: "refused",
      kind: "nobody",
      who: "",
      what: "GET /jobs",
      detail: "invalid_key × 12",
    },
    { act: "job_deleted", outcome: "unknown", what: "f".repeat(24) },
    { act: "key_rotated", who: "maja@example.com", kind: "person", what: "abcdefghij" },
  );
  renderPage("/ui/audit");
  expect(await screen.findByRole("link", { name: "0123456789abcdef01234567" })).toHaveAttribute(
    "href",
    "/ui/jobs/0123456789abcdef01234567",
  );
  expect(screen.getByText("GET /jobs").closest("li")).toHaveTextContent(
    /Refused.*Without a valid key.*GET \/jobs invalid_key × 12.*10\.0\.0\.7/,
  );
  await userEvent.click(screen.getByRole("button", { name: "Load more" }));
  expect(await screen.findByText(/before it could record whether the act was done/)).toBeInTheDocument();
  expect(screen.queryByRole("link", { name: "f".repeat(24) })).not.toBeInTheDocument();
  expect(screen.getByText("abcdefghij").closest("li")).toHaveTextContent(
    /Key rotated.*maja@example\.com.*nightly import abcdefghij/,
  );
});

it("leads to a batch that was submitted, and says how many jobs it has", async () => {
  const what = "a".repeat(24);
  written({ act: "batch_submitted", what, detail: "1200" });
  renderPage("/ui/audit");
  const link = await screen.findByRole("link", { name: what });
  expect(link).toHaveAttribute("href", `/ui/batches/${what}`);
  expect(link.closest("li")).toHaveTextContent(/Batch submitted.*a{24} 1,200 jobs/);
});

it("filters by address, by hand and by a click, and exports what matches", async () => {
  const asked = written({});
  const { router } = renderPage("/ui/audit?act=job_cancelled");
  await userEvent.click(await screen.findByRole("button", { name: /nightly import/ }));
  await waitFor(() => expect(asked.at(-1)?.get("who")).toBe("abcdefghij"));
  expect(asked.at(-1)?.getAll("act")).toEqual(["job_cancelled"]);
  expect(screen.getByRole("link", { name: "Export what matches" })).toHaveAttribute(
    "href",
    "/audit/export?act=job_cancelled&who=abcdefghij",
  );
  await userEvent.selectOptions(screen.getByLabelText("Act"), "");
  await userEvent.type(screen.getByLabelText("What"), "mock");
  await waitFor(() => expect(router.state.location.search).toEqual({ who: "abcdefghij", what: "mock" }));
});

it("lists one's sessions, and ends one", async () => {
  const session = (id: string, changes: Partial<WireActiveSession>): WireActiveSession => ({
    id,
    kind: "key",
    who: "abcdefghij",
    name: "nightly import",
    address: "10.0.0.7",
    createdAt: new Date().toISOString(),
    seenAt: new Date().toISOString(),
    expiresAt: new Date().toISOString(),
    current: false,
    ...changes,
  });
  let all = [session("a".repeat(64), { current: true }), session("b".repeat(64), { address: "10.0.0.9" })];
  server.use(
    http.get("/session", () => HttpResponse.json(keySession("read"))),
    http.get("/sessions", () => HttpResponse.json(all)),
    http.delete(`/sessions/${"b".repeat(64)}`, () => {
      all = all.slice(0, 1);
      return new HttpResponse(null, { status: 204 });
    }),
  );
  renderPage("/ui/account");
  expect(await screen.findByText("This session")).toBeInTheDocument();
  expect(screen.queryByLabelText("Everybody's")).not.toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "End" }));
  await waitFor(() => expect(screen.queryByText("10.0.0.9")).not.toBeInTheDocument());
});
