import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import type { WireJob } from "@/api/model";
import { wireJob } from "@/testing/factories";
import { FakeEventSource } from "@/testing/fake-event-source";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

const ID = "0123456789abcdef01234567";

function open(changes: Partial<WireJob>) {
  server.use(http.get(`/jobs/${ID}`, () => HttpResponse.json(wireJob(changes))));
  return renderPage(`/ui/jobs/${ID}`);
}

it("says in words what the job waits for, and until when", async () => {
  const until = new Date(Date.now() + 3_599_500).toISOString();
  open({ waitingOn: { kind: "schedule", detail: "The job is to start later.", until } });
  expect(await screen.findByTestId("waiting-on")).toHaveTextContent(
    /The job is to start later\. Starts in (1 h|59 min 5\d s)\./,
  );
});

it("shows numbers in metadata exactly, and every kind of event", async () => {
  const body = JSON.stringify(
    wireJob({
      history: (["submitted", "started", "accepted", "completed"] as const).map((what, i) => ({
        at: `2026-11-24T10:00:0${i}.000Z`,
        what,
        attempt: 1,
        detail: null,
      })),
    }),
  ).replace('"metadata":{}', '"metadata":{"order":12345678901234567890}');
  server.use(
    http.get(
      `/jobs/${ID}`,
      () => new HttpResponse(body, { headers: { "content-type": "application/json" } }),
    ),
  );
  renderPage(`/ui/jobs/${ID}`);
  expect(await screen.findByRole("region", { name: "Metadata" })).toBeInTheDocument();
  expect(screen.getByText("12345678901234567890")).toBeInTheDocument();
  for (const words of ["Submitted", "Attempt started (1)", "Accepted, a callback will come"]) {
    expect(screen.getByText(words)).toBeInTheDocument();
  }
});

it("an action that is not possible is disabled, says why, and does nothing", async () => {
  let asked = 0;
  open({ status: "COMPLETED", waitingOn: null, result: "done" });
  server.use(
    http.post(`/jobs/${ID}/cancel`, () => {
      asked += 1;
      return problem(409, "The job is completed already.");
    }),
  );
  const cancel = await screen.findByRole("button", { name: "Cancel" });
  expect(cancel).toHaveAttribute("aria-disabled", "true");
  expect(cancel).toHaveAccessibleDescription("The job is completed already.");
  await userEvent.click(cancel);
  // The way to the dialog and back is longer than a request's would have been.
  await userEvent.click(screen.getByRole("button", { name: "Replay…" }));
  await screen.findByRole("dialog");
  expect(asked).toBe(0);
});

it("cancels, and shows the job as the server then has it", async () => {
  open({});
  server.use(
    http.post(`/jobs/${ID}/cancel`, () => {
      const cancelled = wireJob({ status: "CANCELLED", waitingOn: null });
      server.use(http.get(`/jobs/${ID}`, () => HttpResponse.json(cancelled)));
      return HttpResponse.json(cancelled);
    }),
  );
  await userEvent.click(await screen.findByRole("button", { name: "Cancel" }));
  expect(await screen.findByText("Cancelled", { selector: "[data-status]" })).toBeInTheDocument();
});

it("never trusts the answer to an act over the events that overtook it", async () => {
  let answer: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  open({ status: "FAILED", waitingOn: null });
  server.use(
    http.post(`/jobs/${ID}/retry`, async () => {
      await held;
      return HttpResponse.json(wireJob());
    }),
  );
  await userEvent.click(await screen.findByRole("button", { name: "Retry" }));
  let looks = 0;
  server.use(
    http.get(`/jobs/${ID}`, () => {
      looks += 1;
      return HttpResponse.json(wireJob({ status: "COMPLETED", waitingOn: null }));
    }),
  );
  act(() => {
    FakeEventSource.newest().send("hello", { position: 1 });
    FakeEventSource.newest().send("job", { id: ID, status: "COMPLETED", flow: "mock", rev: 4 });
  });
  expect(await screen.findByText("Completed", { selector: "[data-status]" })).toBeInTheDocument();
  // Both rounds that the stream asked for are over.
  await waitFor(() => expect(looks).toBe(2));
  answer();
  await waitFor(() => expect(looks).toBe(3));
  expect(await screen.findByText("Completed", { selector: "[data-status]" })).toBeInTheDocument();
});

it("replays with another prompt as a new job, and goes there", async () => {
  const newId = "f".repeat(24);
  let sent: unknown;
  open({ status: "FAILED", waitingOn: null });
  server.use(
    http.post(`/jobs/${ID}/replay`, async ({ request }) => {
      sent = await request.json();
      return HttpResponse.json(wireJob({ id: newId, replayOf: ID }), { status: 201 });
    }),
    http.get(`/jobs/${newId}`, () => HttpResponse.json(wireJob({ id: newId, replayOf: ID }))),
  );
  await replayWith("Summarise it better.");
  expect(await screen.findByText(newId)).toBeInTheDocument();
  expect(sent).toEqual({ flow: "mock", prompt: "Summarise it better." });
  expect(screen.getByRole("link", { name: "Compare both results" })).toHaveAttribute(
    "href",
    `/ui/jobs/${ID}/compare/${newId}`,
  );
});

async function replayWith(prompt: string) {
  await userEvent.click(await screen.findByRole("button", { name: "Replay…" }));
  const dialog = within(await screen.findByRole("dialog"));
  await userEvent.clear(dialog.getByLabelText("Prompt"));
  expect(dialog.getByRole("button", { name: "Replay" })).toBeDisabled();
  await userEvent.type(dialog.getByLabelText("Prompt"), prompt);
  await userEvent.click(dialog.getByRole("button", { name: "Replay" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
}

it("a job that is not there is not an error of the page", async () => {
  server.use(http.get(`/jobs/${ID}`, () => problem(404, "There is no such job.")));
  renderPage(`/ui/jobs/${ID}`);
  expect(await screen.findByRole("heading", { name: "There is no such job" })).toBeInTheDocument();
});
