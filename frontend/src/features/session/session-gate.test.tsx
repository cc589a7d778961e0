import { MantineProvider } from "@mantine/core";
import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it, vi } from "vitest";
import { bodyOf, client } from "@/api/client";
import { createQueryClient } from "@/query-client";
import { problem, server } from "@/testing/server";
import { AccountMenu } from "./account-menu";
import { SessionGate } from "./session-gate";

const WHO = {
  auth: "keys",
  kind: "key",
  id: "abcdefghij",
  name: "robot",
  rights: ["read"],
  flows: ["main"],
  expiresAt: null,
};
const NO_KEY = "An API key is needed.";

/** A server with one right key; `end` ends the session. */
function guarded({ keepsCookie = true, signedIn = false } = {}) {
  let open = signedIn;
  server.use(
    http.get("/session", () => (open ? HttpResponse.json(WHO) : problem(401, NO_KEY))),
    http.post("/session", async ({ request }) => {
      const { key } = (await request.json()) as { key: string };
      if (key !== "jp_right") return problem(401, "The API key is wrong, expired or revoked.");
      open = keepsCookie;
      return HttpResponse.json(WHO, { status: 201 });
    }),
    http.delete("/session", () => {
      open = false;
      return new HttpResponse(null, { status: 204 });
    }),
    http.get("/stats", () => (open ? HttpResponse.json({ total: 3 }) : problem(401, NO_KEY))),
  );
  return {
    end: () => {
      open = false;
    },
  };
}

function Inside() {
  const { data, refetch } = useQuery({ queryKey: ["x"], queryFn: () => bodyOf(client.GET("/stats")) });
  return (
    <>
      <p>jobs: {data?.total ?? "none"}</p>
      <input aria-label="Prompt" />
      <button type="button" onClick={() => void refetch()}>
        Refresh
      </button>
      <AccountMenu />
    </>
  );
}

function show() {
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={createQueryClient()}>
        <SessionGate>
          <Inside />
        </SessionGate>
      </QueryClientProvider>
    </MantineProvider>,
  );
}

async function enter(key: string) {
  await userEvent.type(await screen.findByLabelText("API key"), key);
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
}

it("asks for a key before it shows anything, and shows the server's words about a wrong one", async () => {
  guarded();
  show();
  expect(await screen.findByRole("button", { name: "Sign in" })).toBeDisabled();
  expect(screen.queryByText(/jobs:/)).toBeNull();
  await enter("jp_wrong");
  expect(await screen.findByText("The API key is wrong, expired or revoked.")).toBeInTheDocument();
  await userEvent.clear(screen.getByLabelText("API key"));
  await enter("jp_right");
  expect(await screen.findByText("jobs: 3")).toBeInTheDocument();
});

it("says why a right key is not enough where the browser keeps no cookie", async () => {
  guarded({ keepsCookie: false });
  show();
  await enter("jp_right");
  expect(await screen.findByText(/Open the page over https, or at localhost/)).toBeInTheDocument();
});

it("keeps what was typed when the session ends, and goes on after a new sign-in", async () => {
  const { end } = guarded({ signedIn: true });
  show();
  await screen.findByText("jobs: 3");
  await userEvent.type(screen.getByLabelText("Prompt"), "half a thought");
  end();
  await userEvent.click(screen.getByRole("button", { name: "Refresh" }));
  expect(await screen.findByText("The session has ended")).toBeInTheDocument();
  await enter("jp_right");
  await waitFor(() => expect(screen.queryByText("The session has ended")).toBeNull());
  expect(screen.getByLabelText("Prompt")).toHaveValue("half a thought");
});

it("shows who one is, and signs out into a fresh page", async () => {
  guarded({ signedIn: true });
  const assign = vi.fn();
  vi.stubGlobal("location", { ...window.location, origin: window.location.origin, assign });
  show();
  await userEvent.click(await screen.findByRole("button", { name: "Signed in as robot" }));
  expect(await screen.findByText("robot: read; main")).toBeInTheDocument();
  await userEvent.click(screen.getByRole("menuitem", { name: "Sign out" }));
  await waitFor(() => expect(assign).toHaveBeenCalledWith("/ui/"));
  vi.unstubAllGlobals();
});

it("shows no account where the server has no login", async () => {
  server.use(http.get("/session", () => HttpResponse.json({ ...WHO, auth: "off", kind: "everyone" })));
  show();
  expect(await screen.findByText(/jobs:/)).toBeInTheDocument();
  expect(screen.queryByRole("button", { name: /Signed in/ })).toBeNull();
});
