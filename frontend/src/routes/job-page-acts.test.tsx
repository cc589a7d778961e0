import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import type { WireJob } from "@/api/model";
import { FakeEventSource } from "@/testing/fake-event-source";
import { wireJob } from "@/testing/job-factories";
import { ID, openJob } from "@/testing/job-page";
import { problem, server } from "@/testing/server";

const MALFORMED: WireJob["resultVerdict"] = {
  kind: "malformed",
  error: null,
  repaired: { text: '{"a": 1}', edits: [], cut: false, dropped: "" },
  schemaErrors: [],
  warnings: [],
  note: null,
};

it("an action that is not possible is disabled, says why, and does nothing", async () => {
  let asked = 0;
  openJob({ status: "COMPLETED", waitingOn: null, result: "done" });
  server.use(
    http.post(`/jobs/${ID}/cancel`, () => {
      asked += 1;
      return problem(409, "The job is completed already.");
    }),
  );
  const cancel = await screen.findByRole("button", { name: "Cancel" });
  expect(cancel).toHaveAttribute("aria-disabled", "true");
  expect(cancel).toHaveAccessibleDescription("The job has completed.");
  await userEvent.click(cancel);
  // The way to the dialog and back is longer than a request's would have been.
  await userEvent.click(screen.getByRole("button", { name: "Replay…" }));
  await screen.findByRole("dialog");
  expect(asked).toBe(0);
});

it("cancels, and shows the job as the server then has it", async () => {
  openJob({});
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
  openJob({ status: "FAILED", waitingOn: null });
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
  openJob({ status: "FAILED", waitingOn: null });
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

it.each(["Replay…", "Delete…"])("%s gives the focus back when its dialog closes", async (name) => {
  openJob({ status: "FAILED", waitingOn: null });
  const button = await screen.findByRole("button", { name });
  await userEvent.click(button);
  await screen.findByRole("dialog");
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  await waitFor(() => expect(button).toHaveFocus());
});

it("a replay that was begun and given up starts anew", async () => {
  openJob({ status: "FAILED", waitingOn: null });
  await userEvent.click(await screen.findByRole("button", { name: "Replay…" }));
  await userEvent.type(await screen.findByRole("textbox", { name: "Prompt" }), " And again.");
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  await userEvent.click(screen.getByRole("button", { name: "Replay…" }));
  expect(await screen.findByRole("textbox", { name: "Prompt" })).toHaveValue("Summarise this.");
});

it("says what each action does, where the word alone does not", async () => {
  openJob({ status: "FAILED", waitingOn: null });
  expect(await screen.findByRole("button", { name: "Retry" })).toHaveAccessibleDescription(/this job again/);
  expect(screen.getByRole("button", { name: "Replay…" })).toHaveAccessibleDescription(/a new job/);
});

it("copies what is wanted elsewhere: a link, a command, the repaired text", async () => {
  const copied: string[] = [];
  const write = async (text: string) => {
    copied.push(text);
  };
  Object.defineProperty(navigator, "clipboard", { value: { writeText: write }, configurable: true });
  openJob({
    prompt: "it's",
    status: "COMPLETED",
    result: "{'a': 1}",
    resultVerdict: MALFORMED,
    waitingOn: null,
  });
  for (const name of ["Link", "Command that submits the job again (curl)", "Repaired result"]) {
    fireEvent.click(await screen.findByRole("button", { name: "Copy" }));
    fireEvent.click(await screen.findByRole("menuitem", { name }));
  }
  await waitFor(() => expect(copied).toHaveLength(3));
  expect(copied[0]).toBe(`http://localhost:3000/ui/jobs/${ID}`);
  expect(copied[1]).toContain("curl -X POST 'http://localhost:3000/jobs'");
  expect(copied[2]).toBe('{"a": 1}');
  expect(await screen.findByText("Repaired result: copied")).toBeInTheDocument();
});
