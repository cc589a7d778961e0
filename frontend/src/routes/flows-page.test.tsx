import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import type { WireFlow } from "@/api/model";
import { wireFlow } from "@/testing/factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

function serving(...flows: Partial<WireFlow>[]) {
  server.use(http.get("/flows", () => HttpResponse.json(flows.map(wireFlow))));
}

const CLOSED = { state: "closed", kind: "outage", detail: "No route.", until: null };
const PAUSED = { state: "paused", kind: null, detail: "Ask Maja.", until: null };

it("shows first what needs a person, and counts it in the header of every page", async () => {
  serving({ name: "a" }, { name: "b", lane: CLOSED }, { name: "c" }, { name: "d", lane: PAUSED });
  renderPage("/ui/flows");
  await screen.findByRole("region", { name: "a" });
  const names = screen.getAllByRole("heading", { level: 2 }).map((heading) => heading.textContent);
  expect(names.slice(0, 4)).toEqual(["b", "d", "a", "c"]);
  expect(screen.getByRole("link", { name: "Flows, 2 closed or paused" })).toBeInTheDocument();
});

it("says nothing in the header while all is well", async () => {
  serving({ name: "a" });
  renderPage("/ui/flows");
  await screen.findByRole("region", { name: "a" });
  expect(screen.getByRole("link", { name: "Flows" })).toBeInTheDocument();
});

it("says what a closed lane means, and the reason that was given", async () => {
  serving({ name: "b", lane: { ...CLOSED, until: new Date(Date.now() + 3_599_500).toISOString() } });
  renderPage("/ui/flows");
  expect(await screen.findByRole("region", { name: "b" })).toHaveTextContent(
    /none fails because of it\. Next try in (1 h|59 min 5\d s)\.No route\./,
  );
});

it("says in words how a flow's processor works", async () => {
  serving({ processor: "http" });
  renderPage("/ui/flows");
  const card = await screen.findByRole("region", { name: "mock" });
  expect(card).toHaveTextContent("http: answers with the result");
});

it("a flow whose places are taken is full, not waiting for jobs", async () => {
  serving({ concurrency: 3, byStatus: { RUNNING: 1, WAITING: 2, PENDING: 5 } });
  renderPage("/ui/flows");
  const card = await screen.findByRole("region", { name: "mock" });
  expect(card).toHaveTextContent(/Full.*concurrency limit is reached.*3 of 3 in use/);
});

it("says which limit a flow shares, and how much of it is in use", async () => {
  serving({ limit: { name: "openai", concurrency: 20, requestsPerMinute: null, inFlight: 12 } });
  renderPage("/ui/flows");
  const card = await screen.findByRole("region", { name: "mock" });
  expect(card).toHaveTextContent(/Shared limitopenai: 12 of 20 in use/);
});

it("says what each key of a flow may have", async () => {
  serving({ concurrencyPerKey: 2, ratePerKey: 60, keysAtLimit: 3 });
  renderPage("/ui/flows");
  const card = await screen.findByRole("region", { name: "mock" });
  expect(card).toHaveTextContent(/Each key2 at a time, 60 \/ min \(3 keys at the limit\)/);
});

it("leaves a flow where it is while it is paused under the pointer", async () => {
  serving({ name: "a" }, { name: "b" }, { name: "c" });
  server.use(
    http.post("/flows/b/pause", () => {
      serving({ name: "a" }, { name: "b", lane: PAUSED }, { name: "c" });
      return HttpResponse.json(wireFlow({ name: "b", lane: PAUSED }));
    }),
  );
  renderPage("/ui/flows");
  const card = await screen.findByRole("region", { name: "b" });
  await userEvent.click(within(card).getByRole("button", { name: "Pause…" }));
  await userEvent.keyboard("{Enter}");
  expect(await within(card).findByRole("button", { name: "Resume" })).toBeInTheDocument();
  const names = screen.getAllByRole("heading", { level: 2 }).map((heading) => heading.textContent);
  expect(names.slice(0, 3)).toEqual(["a", "b", "c"]);
});

it("Escape in the form of a pause ends the form, and not the visit, wherever the focus is", async () => {
  serving({});
  const { router } = renderPage("/ui/flows");
  await userEvent.click(await screen.findByRole("button", { name: "Pause…" }));
  await userEvent.keyboard("half a reason");
  screen.getByRole("button", { name: "Pause" }).focus();
  await userEvent.keyboard("{Escape}");
  expect(screen.getByRole("button", { name: "Pause…" })).toHaveFocus();
  expect(router.state.location.pathname).toBe("/flows");
});

it("keeps the keyboard where it was while it pauses and resumes", async () => {
  serving({});
  server.use(
    http.post("/flows/mock/pause", () => {
      serving({ lane: PAUSED });
      return HttpResponse.json(wireFlow({ lane: PAUSED }));
    }),
    http.post("/flows/mock/resume", () => {
      serving({});
      return HttpResponse.json(wireFlow());
    }),
  );
  renderPage("/ui/flows");
  await userEvent.click(await screen.findByRole("button", { name: "Pause…" }));
  await userEvent.keyboard("{Escape}");
  expect(screen.getByRole("button", { name: "Pause…" })).toHaveFocus();
  await userEvent.keyboard("{Enter}Ask Maja.{Enter}");
  await waitFor(() => expect(screen.getByRole("button", { name: "Resume" })).toHaveFocus());
  await userEvent.keyboard("{Enter}");
  await waitFor(() => expect(screen.getByRole("button", { name: "Pause…" })).toHaveFocus());
});

it("offers another try when the flows cannot be loaded", async () => {
  server.use(http.get("/flows", () => problem(500, "The store does not answer.")));
  renderPage("/ui/flows");
  const alert = await screen.findByRole("alert");
  serving({ name: "a" });
  await userEvent.click(within(alert).getByRole("button", { name: "Try again" }));
  expect(await screen.findByRole("region", { name: "a" })).toBeInTheDocument();
});
