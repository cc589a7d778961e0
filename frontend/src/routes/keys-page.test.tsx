import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import type { KeyRequest, WireKey } from "@/api/model";
import { keySession, wireKey } from "@/testing/access-factories";
import { wireFlow } from "@/testing/flow-factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

const TEXT = `jp_klmnopqrst_${"A".repeat(38)}`;

function serving(...keys: Partial<WireKey>[]) {
  const all = keys.map((changes) => wireKey(changes));
  const sent: KeyRequest[] = [];
  server.use(
    http.get("/session", () => HttpResponse.json(keySession("admin"))),
    http.get("/keys", () => HttpResponse.json(all)),
    http.get("/flows", () => HttpResponse.json([wireFlow(), wireFlow({ name: "other", isDefault: false })])),
    http.post("/keys", async ({ request }) => {
      sent.push((await request.json()) as KeyRequest);
      all.unshift(wireKey({ id: "klmnopqrst", name: "new one" }));
      return HttpResponse.json({ ...all[0], key: TEXT }, { status: 201 });
    }),
  );
  return { all, sent };
}

it("shows what each key may do, and which have ended apart from the others", async () => {
  serving(
    { id: "aaaaaaaaaa", name: "lead", rights: ["admin"] },
    { id: "bbbbbbbbbb", name: "robot", flows: ["mock"], ratePerMinute: 60, createdBy: "aaaaaaaaaa" },
    { id: "cccccccccc", name: "old", revokedAt: "2026-11-20T00:00:00.000Z" },
  );
  renderPage("/ui/keys");
  const robot = (await screen.findByRole("heading", { name: "robot" })).closest("li");
  expect(robot).toHaveTextContent(/Rightssubmit.*Flowsmock.*Rate60 requests \/ min.*Last usednever.*by lead/);
  expect(screen.getByText("Revoked and expired (1)")).toBeInTheDocument();
  const valid = screen.getByRole("region", { name: "Keys" });
  expect(within(valid).queryByText("old")).not.toBeInTheDocument();
});

it("makes a key, and shows its text this once", async () => {
  const { sent } = serving();
  renderPage("/ui/keys");
  await userEvent.click(await screen.findByRole("button", { name: "New key" }));
  const dialog = await screen.findByRole("dialog", { name: "New API key" });
  await userEvent.click(within(dialog).getByRole("button", { name: "Make the key" }));
  expect(within(dialog).getByText("Give the key a name.")).toBeInTheDocument();
  await userEvent.type(within(dialog).getByLabelText("Name"), "new one");
  await userEvent.click(within(dialog).getByRole("checkbox", { name: "read" }));
  await userEvent.selectOptions(within(dialog).getByLabelText("Flows"), "some");
  await userEvent.click(await within(dialog).findByRole("checkbox", { name: "other" }));
  await userEvent.selectOptions(within(dialog).getByLabelText("Ends"), "never");
  await userEvent.type(within(dialog).getByLabelText("Requests per minute"), "60");
  await userEvent.click(within(dialog).getByRole("button", { name: "Make the key" }));
  expect(await screen.findByTestId("made-key")).toHaveTextContent(TEXT);
  expect(sent).toEqual([{ name: "new one", rights: ["submit"], flows: ["other"], ratePerMinute: 60 }]);
  // Not by a slip: the text cannot be shown again.
  await userEvent.keyboard("{Escape}");
  expect(screen.getByTestId("made-key")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "I have copied it" }));
  await waitFor(() => expect(screen.queryByText(TEXT)).not.toBeInTheDocument());
  expect(JSON.stringify({ ...sessionStorage, ...localStorage })).not.toContain(TEXT);
  await userEvent.click(screen.getByRole("button", { name: "New key" }));
  expect(await screen.findByLabelText("Name")).toHaveValue("");
});

it("says why a key could not be made, and keeps the form", async () => {
  serving();
  server.use(http.post("/keys", () => problem(409, "There are 1,000 keys already.")));
  renderPage("/ui/keys");
  await userEvent.click(await screen.findByRole("button", { name: "New key" }));
  await userEvent.type(await screen.findByLabelText("Name"), "one more{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("There are 1,000 keys already.");
  expect(screen.getByLabelText("Name")).toHaveValue("one more");
});

it("rotates with an overlap, and revokes after a question", async () => {
  const { all } = serving({ id: "aaaaaaaaaa", name: "robot" });
  const overlaps: unknown[] = [];
  server.use(
    http.post("/keys/aaaaaaaaaa/rotate", async ({ request }) => {
      overlaps.push(await request.json());
      return HttpResponse.json(
        { ...wireKey({ id: "klmnopqrst", name: "robot" }), key: TEXT },
        { status: 201 },
      );
    }),
    http.delete("/keys/aaaaaaaaaa", () => {
      all[0] = wireKey({ id: "aaaaaaaaaa", name: "robot", revokedAt: new Date().toISOString() });
      return new HttpResponse(null, { status: 204 });
    }),
  );
  renderPage("/ui/keys");
  await userEvent.click(await screen.findByRole("button", { name: "Rotate…" }));
  await userEvent.selectOptions(await screen.findByLabelText("How long the old key stays valid"), "3600");
  await userEvent.click(screen.getByRole("button", { name: "Rotate" }));
  expect(await screen.findByTestId("made-key")).toHaveTextContent(TEXT);
  expect(overlaps).toEqual([{ overlapSeconds: 3600 }]);
  await userEvent.click(screen.getByRole("button", { name: "I have copied it" }));
  await userEvent.click(await screen.findByRole("button", { name: "Revoke…" }));
  await userEvent.click(await screen.findByRole("button", { name: "Revoke" }));
  expect(await screen.findByText("No key is valid")).toBeInTheDocument();
});
