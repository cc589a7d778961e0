import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import type { Right } from "@/api/model";
import { keySession } from "@/testing/access-factories";
import { FakeEventSource } from "@/testing/fake-event-source";
import { wireJob } from "@/testing/job-factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

const KEY = "jp_abcdefghij_secret";
const JOB = "0123456789abcdef01234567";

/** A server that wants a key. `state.who` is who is signed in; what was asked without anybody is counted. */
function guarded(rights: readonly Right[], signedIn: boolean) {
  const state = { who: signedIn ? keySession(...rights) : null, refused: 0 };
  const guard = () => {
    if (state.who !== null) return undefined;
    state.refused += 1;
    return refusal();
  };
  server.use(
    http.get("/session", () => (state.who === null ? refusal() : HttpResponse.json(state.who))),
    http.get("/session/ways", () => HttpResponse.json({ auth: "keys", ways: WAYS })),
    http.post("/session", async ({ request }) => {
      const { key } = (await request.json()) as { key: string };
      if (key !== KEY) return problem(401, "The API key is wrong, expired or revoked.");
      state.who = keySession(...rights);
      return HttpResponse.json(state.who, { status: 201 });
    }),
    http.delete("/session", () => {
      state.who = null;
      return new HttpResponse(null, { status: 204 });
    }),
    http.get("/jobs", guard),
    http.get("/jobs/:id", guard),
    http.post("/jobs", guard),
    http.get("/flows", guard),
    http.get("/stats", guard),
  );
  return state;
}

const WAYS = [
  { kind: "oidc", name: "Contoso", path: "/session/oidc/start" },
  { kind: "key", name: "API key", path: "/session" },
];

function refusal() {
  return HttpResponse.json(
    {
      title: "no",
      status: 401,
      detail: "An API key is needed.",
      error: "no",
      code: "no_key",
      requestId: "r",
    },
    {
      status: 401,
      headers: {
        "content-type": "application/problem+json",
        "www-authenticate": 'Bearer realm="job-processor"',
      },
    },
  );
}

async function enter(key: string) {
  await userEvent.type(await screen.findByLabelText("API key"), `${key}{Enter}`);
}

it("asks who one is in place of any page, and leads there afterwards", async () => {
  const state = guarded(["read", "submit"], false);
  const { router } = renderPage("/ui/?status=FAILED");
  expect(await screen.findByRole("heading", { name: "Sign in" })).toBeInTheDocument();
  expect(screen.queryByRole("navigation")).not.toBeInTheDocument();
  expect(FakeEventSource.instances).toHaveLength(0);
  await enter("jp_wrong");
  expect(await screen.findByRole("alert")).toHaveTextContent("wrong, expired or revoked");
  await userEvent.clear(screen.getByLabelText("API key"));
  await enter(` ${KEY} `);
  expect(await screen.findByRole("button", { name: "Signed in as nightly import" })).toBeInTheDocument();
  expect(router.state.location.search).toEqual({ status: "FAILED" });
  expect(FakeEventSource.instances).toHaveLength(1);
  // Nobody was asked for anything in vain: each refusal is written into the audit.
  expect(state.refused).toBe(0);
});

it("offers the identity providers of the server, which lead back to the place", async () => {
  guarded(["read"], false);
  renderPage("/ui/flows");
  const link = await screen.findByRole("link", { name: "Sign in with Contoso" });
  expect(link.getAttribute("href")).toMatch(/^\/session\/oidc\/start\?backTo=%2F/);
});

it.each([
  ["denied", "You did not agree to the sign-in"],
  ["no_role", "gives you no role for this server"],
  ["of_a_newer_server", "The sign-in did not work (of_a_newer_server)."],
])("says in words why a sign-in with a provider failed: %s", async (code, words) => {
  guarded(["read"], false);
  const { router } = renderPage(`/ui/sign-in?error=${code}`);
  expect(await screen.findByRole("alert")).toHaveTextContent(words);
  await enter(KEY);
  await waitFor(() => expect(router.state.location.pathname).toBe("/"));
});

it("says when the browser keeps no session", async () => {
  guarded(["read"], false);
  server.use(http.post("/session", () => HttpResponse.json(keySession("read"), { status: 201 })));
  renderPage("/ui/");
  await enter(KEY);
  expect(await screen.findByRole("alert")).toHaveTextContent("did not keep the session");
});

async function openForm() {
  await userEvent.click(await screen.findByRole("button", { name: "New job" }));
  return screen.findByLabelText("Prompt");
}

it("keeps what was typed when the session ends, and asks for nothing until somebody signs in", async () => {
  const state = guarded(["read", "submit"], true);
  renderPage("/ui/");
  const prompt = await openForm();
  await userEvent.type(prompt, "half a thought");
  state.who = null;
  await userEvent.click(screen.getByRole("button", { name: "Create job" }));
  const dialog = await screen.findByRole("dialog", { name: "The session has ended" });
  const refused = state.refused;
  expect(FakeEventSource.newest().readyState).toBe(FakeEventSource.CLOSED);
  await userEvent.keyboard("{Escape}");
  expect(dialog).toBeVisible();
  await userEvent.type(within(dialog).getByLabelText("API key"), `${KEY}{Enter}`);
  await waitFor(() => expect(dialog).not.toBeInTheDocument());
  expect(screen.getByLabelText("Prompt")).toHaveValue("half a thought");
  expect(screen.getByText("You are signed out. Sign in, then try again.")).toBeInTheDocument();
  expect(state.refused).toBe(refused);
});

it("signs out, and leaves nothing for whoever comes next", async () => {
  guarded(["read", "submit"], true);
  renderPage("/ui/");
  await userEvent.type(await openForm(), "secret plans");
  await userEvent.keyboard("{Escape}");
  await userEvent.click(screen.getByRole("button", { name: "Signed in as nightly import" }));
  await userEvent.click(await screen.findByRole("menuitem", { name: "Sign out" }));
  expect(await screen.findByRole("heading", { name: "Sign in" })).toBeInTheDocument();
  await enter(KEY);
  expect(await openForm()).toHaveValue("");
});

it("shows no name and no sign-in where nobody signs in", async () => {
  renderPage("/ui/");
  expect(await screen.findByRole("button", { name: "More" })).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: /Signed in/ })).not.toBeInTheDocument();
});

it("who may only read is told why nothing else is possible", async () => {
  guarded(["read"], true);
  server.use(http.get(`/jobs/${JOB}`, () => HttpResponse.json(wireJob({ status: "RUNNING" }))));
  renderPage(`/ui/jobs/${JOB}`);
  for (const name of ["Cancel", "Retry", "Replay…", "Delete…"]) {
    const button = await screen.findByRole("button", { name });
    expect(button).toHaveAttribute("aria-disabled", "true");
    expect(button).toHaveAccessibleDescription("This needs the right operate; you have read.");
  }
  await userEvent.click(screen.getByRole("button", { name: "Signed in as nightly import" }));
  expect(await screen.findByRole("menuitem", { name: /API keys/ })).toHaveTextContent(
    "This needs the right admin; you have read.",
  );
});

it("who may only submit submits, and is shown no list", async () => {
  const state = guarded(["submit"], true);
  state.who = { ...keySession("submit"), flows: ["invoices", "letters"] };
  server.use(http.post("/jobs", () => HttpResponse.json(wireJob(), { status: 201 })));
  renderPage("/ui/");
  expect(await screen.findByRole("heading", { name: "You may not see jobs" })).toBeInTheDocument();
  const prompt = await openForm();
  const flow = screen.getByLabelText("Flow");
  expect(
    within(flow)
      .getAllByRole("option")
      .map((one) => one.textContent),
  ).toEqual(["invoices", "letters"]);
  await userEvent.type(prompt, "do it");
  await userEvent.click(screen.getByRole("button", { name: "Create job" }));
  expect(await screen.findByText(JOB)).toBeInTheDocument();
  expect(screen.queryByTestId("live-light")).not.toBeInTheDocument();
  expect([state.refused, FakeEventSource.instances.length]).toEqual([0, 0]);
});

it.each(["/ui/keys", "/ui/audit"])("%s says who may open it", async (address) => {
  guarded(["operate"], true);
  renderPage(address);
  expect(await screen.findByText(/This needs the right admin; you have operate/)).toBeInTheDocument();
});
