import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { wireFlow } from "@/testing/flow-factories";
import { wirePlace } from "@/testing/job-factories";
import { ID, openJob } from "@/testing/job-page";
import { server } from "@/testing/server";

it("says in words what the job waits for, and until when", async () => {
  const until = new Date(Date.now() + 3_599_500).toISOString();
  openJob({ waitingOn: { kind: "schedule", detail: "The job is to start later.", until } });
  expect(await screen.findByTestId("waiting-on")).toHaveTextContent(
    /The job is to start later\. Starts in (1 h|59 min 5\d s)\./,
  );
});

it("says how many jobs are ahead of a waiting one, and when it should start", async () => {
  const detail = "At most 14 jobs are ahead. It should start in about 3 min.";
  const expectedStart = new Date(Date.now() + 180_000).toISOString();
  server.use(
    http.get(`/jobs/${ID}/place`, () =>
      HttpResponse.json(wirePlace({ ahead: 14, perMinute: 5, expectedStart, detail })),
    ),
  );
  openJob({ waitingOn: { kind: "concurrency", detail: "All 2 places are taken.", until: null } });
  expect(await screen.findByTestId("place")).toHaveTextContent(detail);
  expect(screen.getByTestId("place").querySelector("time")).toHaveAttribute("dateTime", expectedStart);
});

it("says no place of a job that has none", async () => {
  let asked = 0;
  server.use(
    http.get(`/jobs/${ID}/place`, () => {
      asked += 1;
      return HttpResponse.json(wirePlace());
    }),
  );
  openJob({ waitingOn: { kind: "schedule", detail: "The job is to start later.", until: null } });
  await waitFor(() => expect(asked).toBe(1));
  expect(screen.queryByTestId("place")).toBeNull();
});

it("says what an outage means, and leads to the flow that is closed", async () => {
  const closed = { state: "closed", kind: "outage", detail: "No route.", until: null };
  server.use(
    http.get("/flows", () => HttpResponse.json([wireFlow(), wireFlow({ name: "n8n", lane: closed })])),
  );
  openJob({ flow: "n8n", waitingOn: { kind: "outage", detail: "No route.", until: null } });
  expect(await screen.findByTestId("waiting-on")).toHaveTextContent(
    /cannot be reached\. No attempt is counted meanwhile\..*No route\./,
  );
  await userEvent.click(screen.getByRole("link", { name: "See the flow" }));
  expect(await screen.findByRole("dialog", { name: "n8n" })).toHaveTextContent("No route.");
});

it("a paused job does not claim to run any moment, and says where it is resumed", async () => {
  openJob({ waitingOn: { kind: "paused", detail: "The flow mock is paused.", until: null } });
  expect(await screen.findByRole("link", { name: "Go to the flow to resume it" })).toHaveAttribute(
    "href",
    "/ui/flows#flow-mock",
  );
  expect(screen.queryByText("any moment now")).not.toBeInTheDocument();
});

it("says that no worker is there, once that is known", async () => {
  openJob({});
  expect(await screen.findByText(/^No worker is running/)).toBeInTheDocument();
  expect(screen.queryByText("A worker takes it next.")).not.toBeInTheDocument();
});

it("a worker of the flow takes it next", async () => {
  const worker = {
    id: "w1",
    name: "one",
    flows: ["mock"],
    running: 0,
    startedAt: "2026-11-24T10:00:00.000Z",
    seenAt: "2026-11-24T10:00:00.000Z",
  };
  let asked = false;
  server.use(
    http.get("/workers", () => {
      asked = true;
      return HttpResponse.json([worker]);
    }),
  );
  openJob({});
  await waitFor(() => expect(asked).toBe(true));
  expect(await screen.findByText("A worker takes it next.")).toBeInTheDocument();
});

it("names an account without credit as what a job waits for", async () => {
  const detail = "The account behind it has no credit left (HTTP 402: Insufficient Balance).";
  openJob({ waitingOn: { kind: "out_of_credit", detail, until: null } });
  expect(await screen.findByText(/Insufficient Balance/)).toBeInTheDocument();
  expect(screen.getByText(/The account behind the processor has no credit left\./)).toBeInTheDocument();
});
