import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import type { EndpointRequest, WireEndpoint } from "@/api/model";
import { keySession } from "@/testing/access-factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";
import { wireDelivery, wireEndpoint } from "@/testing/webhook-factories";
import { delivering, OTHER, SECRET, serving } from "@/testing/webhooks";

it("is in the navigation, and says how each endpoint stands", async () => {
  serving(
    { id: "1".repeat(24), description: "Pager", events: ["failed"], flows: ["mock"] },
    { id: "2".repeat(24), failingSince: "2026-11-24T10:00:00.000Z" },
    {
      id: "3".repeat(24),
      description: "Gone",
      disabledAt: "2026-11-24T10:00:00.000Z",
      disabledBecause: "gone",
    },
  );
  renderPage("/ui/");
  await userEvent.click(await screen.findByRole("link", { name: "Webhooks" }));
  const list = await screen.findByRole("list", { name: "Endpoints, newest first" });
  const [pager, failing, gone] = within(list).getAllByRole("listitem");
  await screen.findAllByText(/by lead/);
  expect(pager).toHaveTextContent(/Pager.*Enabled.*Eventsfailed.*Flowsmock.*by lead/);
  expect(failing).toHaveTextContent(/example\.com.*Failing.*Every try failed since/);
  expect(gone).toHaveTextContent(/Disabled.*The endpoint answered 410/);
  expect(
    within(gone as HTMLElement).getByRole("button", { name: "Send a test" }),
  ).toHaveAccessibleDescription("The endpoint is disabled. Enable it first.");
  expect(within(gone as HTMLElement).getByRole("button", { name: "Enable" })).toBeInTheDocument();
  expect(await screen.findByText("No delivery yet")).toBeInTheDocument();
  expect(document.title).toMatch(/^Webhooks/);
});

it("makes an endpoint, and shows its secret this once", async () => {
  const { sent } = serving();
  renderPage("/ui/webhooks");
  await userEvent.click(await screen.findByRole("button", { name: "New endpoint" }));
  const dialog = await screen.findByRole("dialog", { name: "New endpoint" });
  await userEvent.click(within(dialog).getByRole("button", { name: "Make the endpoint" }));
  expect(within(dialog).getByText("Enter a URL that begins with https:// or http://.")).toBeInTheDocument();
  await userEvent.type(within(dialog).getByLabelText("URL"), "https://example.com/hook");
  await userEvent.type(within(dialog).getByLabelText("Description"), "new one");
  await userEvent.click(within(dialog).getByRole("checkbox", { name: "completed" }));
  await userEvent.selectOptions(within(dialog).getByLabelText("Flows"), "some");
  await userEvent.click(await within(dialog).findByRole("checkbox", { name: "other" }));
  await userEvent.click(within(dialog).getByRole("button", { name: "Make the endpoint" }));
  expect(await screen.findByTestId("made-secret")).toHaveTextContent(SECRET);
  expect(sent).toEqual([
    {
      url: "https://example.com/hook",
      events: ["failed", "cancelled"],
      flows: ["other"],
      description: "new one",
    },
  ]);
  // Not by a slip: the secret cannot be shown again.
  await userEvent.keyboard("{Escape}");
  await userEvent.click(screen.getByRole("button", { name: "I have copied it" }));
  await waitFor(() => expect(screen.queryByText(SECRET)).not.toBeInTheDocument());
  expect(JSON.stringify({ ...sessionStorage, ...localStorage })).not.toContain(SECRET);
  expect(await screen.findByRole("heading", { name: "new one" })).toBeInTheDocument();
});

it("shows beside a field why the server refused it", async () => {
  serving();
  server.use(
    http.post("/webhook-endpoints", () =>
      problem(422, "url: is private", [{ field: "url", message: "leads to an address that is private" }]),
    ),
  );
  renderPage("/ui/webhooks");
  await userEvent.click(await screen.findByRole("button", { name: "New endpoint" }));
  await userEvent.type(await screen.findByLabelText("URL"), "http://10.0.0.1/{Enter}");
  await waitFor(() =>
    expect(screen.getByLabelText("URL")).toHaveAccessibleDescription("leads to an address that is private"),
  );
  expect(screen.getByLabelText("URL")).toHaveValue("http://10.0.0.1/");
});

it("edits, tests, rotates, disables, enables and deletes", async () => {
  const id = "1".repeat(24);
  const { all } = serving({ id, description: "Pager", events: ["failed"] });
  const told = wireDelivery({ id: OTHER, event: "webhook.test", endpointId: id, jobId: null });
  const changes: unknown[] = [];
  const change = (changed: Partial<WireEndpoint>) => {
    all[0] = wireEndpoint({ ...all[0], ...changed });
    return HttpResponse.json(all[0]);
  };
  server.use(
    http.put(`/webhook-endpoints/${id}`, async ({ request }) => {
      const body = (await request.json()) as EndpointRequest;
      changes.push(body);
      return change({ description: body.description ?? "" });
    }),
    http.post(`/webhook-endpoints/${id}/test`, () =>
      HttpResponse.json({ ...told, state: "pending", tries: [] }, { status: 201 }),
    ),
    http.get(`/webhook-deliveries/${OTHER}`, () => HttpResponse.json(told)),
    http.post(`/webhook-endpoints/${id}/rotate`, async ({ request }) => {
      changes.push(await request.json());
      return HttpResponse.json({ ...wireEndpoint({ id }), secret: SECRET }, { status: 201 });
    }),
    http.post(`/webhook-endpoints/${id}/disable`, () =>
      change({ disabledAt: "2026-11-24T10:00:00.000Z", disabledBecause: "asked" }),
    ),
    http.post(`/webhook-endpoints/${id}/enable`, () => change({ disabledAt: null, disabledBecause: null })),
    http.delete(`/webhook-endpoints/${id}`, () => {
      all.length = 0;
      return new HttpResponse(null, { status: 204 });
    }),
  );
  renderPage("/ui/webhooks");
  await userEvent.click(await screen.findByRole("button", { name: "Edit…" }));
  const name = await screen.findByLabelText("Description");
  expect(name).toHaveValue("Pager");
  await userEvent.clear(name);
  await userEvent.type(name, "Night{Enter}");
  expect(await screen.findByRole("heading", { name: "Night" })).toBeInTheDocument();

  await userEvent.click(screen.getByRole("button", { name: "Send a test" }));
  expect(await screen.findByText("The test was delivered.", { exact: false })).toHaveTextContent(
    "Answered 200",
  );

  await userEvent.click(screen.getByRole("button", { name: "Rotate secret…" }));
  await userEvent.selectOptions(
    await screen.findByLabelText("How long the old secret stays valid"),
    "2592000",
  );
  await userEvent.click(screen.getByRole("button", { name: "Rotate" }));
  expect(await screen.findByTestId("made-secret")).toHaveTextContent(SECRET);
  await userEvent.click(screen.getByRole("button", { name: "I have copied it" }));

  await userEvent.click(await screen.findByRole("button", { name: "Disable…" }));
  await userEvent.click(await screen.findByRole("button", { name: "Disable" }));
  expect(await screen.findByText("A person disabled the endpoint.", { exact: false })).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Enable" }));
  await userEvent.click(await screen.findByRole("button", { name: "Delete…" }));
  await userEvent.click(await screen.findByRole("button", { name: "Delete" }));
  expect(await screen.findByText("No endpoint yet")).toBeInTheDocument();
  expect(changes).toEqual([
    { url: wireEndpoint().url, events: ["failed"], flows: null, description: "Night" },
    { overlapSeconds: 2592000 },
  ]);
});

it("a reader sees the log, and why there is no more", async () => {
  delivering({});
  server.use(http.get("/session", () => HttpResponse.json(keySession("read"))));
  renderPage("/ui/webhooks");
  expect(await screen.findByText(/This needs the right admin; you have read\./)).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: "New endpoint" })).not.toBeInTheDocument();
  expect(await screen.findByRole("button", { name: "Send again" })).toHaveAccessibleDescription(
    "This needs the right operate; you have read.",
  );
  expect(screen.getByRole("button", { name: "Secret of your jobs' webhooks…" })).toHaveAccessibleDescription(
    "This needs the right submit; you have read.",
  );
});

it("gives the secret of one's own jobs' webhooks, and keeps it nowhere", async () => {
  server.use(
    http.get("/webhook-endpoints", () => HttpResponse.json([])),
    http.get("/webhook-secret", () => HttpResponse.json({ secrets: [SECRET] })),
  );
  renderPage("/ui/webhooks");
  await userEvent.click(await screen.findByRole("button", { name: "Secret of your jobs' webhooks…" }));
  expect(await screen.findByText(SECRET)).toBeInTheDocument();
  await userEvent.click(screen.getByRole("button", { name: "Close" }));
  await waitFor(() => expect(screen.queryByText(SECRET)).not.toBeInTheDocument());
});

it("what cannot be loaded says why", async () => {
  server.use(
    http.get("/webhook-endpoints", () => problem(400, "The endpoints are not there.")),
    http.get("/webhook-deliveries", () => problem(400, "The log is not there.")),
  );
  renderPage("/ui/webhooks");
  expect(await screen.findByText("The endpoints are not there.")).toBeInTheDocument();
  expect(await screen.findByText("The log is not there.")).toBeInTheDocument();
});
