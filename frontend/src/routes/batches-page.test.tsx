import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import type { WireBatchWhole } from "@/api/model";
import { wireBatch, wireJob, wireSummary } from "@/testing/job-factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

const ID = "b123456789abcdef01234567";
const COUNTS = { pending: 0, running: 0, waiting: 0, completed: 0, failed: 0, cancelled: 0, deleted: 0 };

function serving(...batches: Partial<WireBatchWhole>[]) {
  const all = batches.map((changes) => wireBatch(changes));
  server.use(
    http.get("/batches", () => HttpResponse.json(all)),
    http.get("/batches/:id", ({ params }) => {
      const found = all.find((one) => one.id === params["id"]);
      return found === undefined ? problem(404, "There is no batch with this id.") : HttpResponse.json(found);
    }),
  );
  return all;
}

it("lists batches with how far they are", async () => {
  serving(
    { name: "Night", counts: { ...COUNTS, completed: 3, failed: 1, pending: 6 } },
    { id: "c".repeat(24), name: null, status: "ENDED", counts: { ...COUNTS, completed: 10 } },
  );
  renderPage("/ui/batches");
  const row = (await screen.findByRole("link", { name: "Night" })).closest("li");
  expect(row).toHaveTextContent("In progress");
  expect(row).toHaveTextContent("4 of 10 jobs done: 3 completed, 1 failed, 6 pending");
  const bar = within(row as HTMLElement).getByRole("progressbar", { name: "Jobs done" });
  expect(bar).toHaveAttribute("aria-valuenow", "4");
  expect(bar).toHaveAttribute("aria-valuemax", "10");
  expect(screen.getByRole("link", { name: "c".repeat(24) })).toHaveAttribute(
    "href",
    `/ui/batches/${"c".repeat(24)}`,
  );
});

it("says that there is none yet", async () => {
  serving();
  renderPage("/ui/batches");
  expect(await screen.findByText("No batch yet")).toBeInTheDocument();
});

it("submits the bytes of a file, and opens the batch", async () => {
  const all = serving();
  const sent: { type: string | null; query: string; text: string }[] = [];
  server.use(
    http.post("/batches", async ({ request }) => {
      const type = request.headers.get("content-type");
      sent.push({ type, query: new URL(request.url).search, text: await request.text() });
      all.push(wireBatch({ name: "two.jsonl" }));
      return HttpResponse.json(all[0], { status: 201 });
    }),
  );
  renderPage("/ui/batches");
  await userEvent.click(await screen.findByRole("button", { name: "Submit a file…" }));
  const dialog = await screen.findByRole("dialog", { name: "Submit a file" });
  expect(within(dialog).getByRole("button", { name: "Submit" })).toBeDisabled();
  const text = '{"prompt":"ä"}\r\n{"prompt":"b"}';
  await userEvent.upload(within(dialog).getByLabelText("File"), new File([text], "two.jsonl"));
  expect(within(dialog).getByLabelText("Name")).toHaveValue("two.jsonl");
  await userEvent.type(screen.getByLabelText("Webhook"), "https://example.com/hook");
  await userEvent.click(within(dialog).getByRole("button", { name: "Submit" }));
  expect(await screen.findByRole("heading", { name: /two\.jsonl/, level: 1 })).toBeInTheDocument();
  expect(sent).toEqual([
    {
      type: "application/x-ndjson",
      query: "?name=two.jsonl&webhookUrl=https%3A%2F%2Fexample.com%2Fhook",
      text,
    },
  ]);
});

it("keeps what was filled in when the page is left, says which file is to be chosen again, and drops it on Close", async () => {
  serving();
  const first = renderPage("/ui/batches");
  await userEvent.click(await screen.findByRole("button", { name: "Submit a file…" }));
  await userEvent.upload(await screen.findByLabelText("File"), new File(["x"], "two.jsonl"));
  await userEvent.type(screen.getByLabelText("Name"), " of the night");
  await userEvent.type(screen.getByLabelText("Webhook"), "https://example.com/hook");
  await userEvent.click(screen.getByLabelText(/^Submit the valid lines/));
  first.unmount();

  const second = renderPage("/ui/batches");
  const dialog = await screen.findByRole("dialog", { name: "Submit a file" });
  expect(within(dialog).getByLabelText("Name")).toHaveValue("two.jsonl of the night");
  expect(within(dialog).getByLabelText("Webhook")).toHaveValue("https://example.com/hook");
  expect(within(dialog).getByLabelText(/^Submit the valid lines/)).toBeChecked();
  expect(dialog).toHaveTextContent("The browser did not keep the file: choose two.jsonl again");
  expect(within(dialog).getByRole("button", { name: "Submit" })).toBeDisabled();
  await userEvent.upload(within(dialog).getByLabelText("File"), new File(["x"], "two.jsonl"));
  expect(within(dialog).getByLabelText("Name")).toHaveValue("two.jsonl of the night");
  expect(within(dialog).getByRole("button", { name: "Submit" })).toBeEnabled();
  await userEvent.click(within(dialog).getByRole("button", { name: "Close" }));
  second.unmount();

  renderPage("/ui/batches");
  expect(await screen.findByText("No batch yet")).toBeInTheDocument();
  expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
});

it("says line by line what is wrong with a file", async () => {
  serving();
  server.use(
    http.post("/batches", () =>
      HttpResponse.json(
        {
          status: 422,
          detail: "1 of 2 lines is invalid. Nothing was stored.",
          code: "invalid_lines",
          errors: [{ field: "prompt", message: "must not be blank", line: 2 }],
        },
        { status: 422, headers: { "content-type": "application/problem+json" } },
      ),
    ),
  );
  renderPage("/ui/batches");
  await userEvent.click(await screen.findByRole("button", { name: "Submit a file…" }));
  await userEvent.upload(await screen.findByLabelText("File"), new File(["x"], "x.jsonl"));
  await userEvent.click(screen.getByRole("button", { name: "Submit" }));
  const alert = await screen.findByRole("alert");
  expect(alert).toHaveTextContent("Nothing was stored.");
  expect(within(alert).getByRole("listitem")).toHaveTextContent("Line 2: prompt must not be blank");
});

it("shows what failed and what was refused, with downloads", async () => {
  serving({
    lines: 12,
    refused: 2,
    counts: { ...COUNTS, failed: 1, completed: 9 },
    status: "ENDED",
    endedAt: "2026-11-24T10:10:00.000Z",
    errors: [
      { line: 4, customId: "d", code: "invalid_field", field: "prompt", message: "must not be blank" },
    ],
  });
  const asked: string[] = [];
  server.use(
    http.get("/jobs", ({ request }) => {
      asked.push(new URL(request.url).search);
      const error = { code: "bad", message: "It broke." };
      return HttpResponse.json([
        wireSummary({ status: "FAILED", batchId: ID, batchLine: 7, customId: "g", error }),
      ]);
    }),
  );
  renderPage(`/ui/batches/${ID}`);
  const failed = await screen.findByRole("list", { name: "Failed jobs" });
  expect(screen.getByRole("link", { name: "Jobs of this batch" })).toHaveAttribute(
    "href",
    `/ui/?q=${encodeURIComponent(`batch:${ID}`)}`,
  );
  expect(await within(failed).findByRole("listitem")).toHaveTextContent("Line 7gbad It broke.");
  expect(asked[0]).toContain(`batch=${ID}`);
  expect(asked[0]).toContain("status=FAILED");
  const refused = screen.getByRole("list", { name: "Refused lines" });
  expect(within(refused).getByRole("listitem")).toHaveTextContent("Line 4dprompt must not be blank");
  expect(screen.getByRole("link", { name: "Download results" })).toHaveAttribute(
    "href",
    `/batches/${ID}/results`,
  );
  expect(screen.getByRole("link", { name: "Download errors" })).toHaveAttribute(
    "href",
    `/batches/${ID}/results?only=errors`,
  );
});

it("cancels after a question", async () => {
  const all = serving({ counts: { ...COUNTS, completed: 4, pending: 6 } });
  server.use(
    http.post(`/batches/${ID}/cancel`, () => {
      all[0] = wireBatch({ status: "CANCELLING", counts: { ...COUNTS, completed: 4, pending: 6 } });
      return HttpResponse.json(all[0]);
    }),
  );
  renderPage(`/ui/batches/${ID}`);
  await userEvent.click(await screen.findByRole("button", { name: "Cancel…" }));
  const dialog = await screen.findByRole("dialog", { name: "Cancel this batch?" });
  expect(dialog).toHaveTextContent("6 jobs of the batch have not ended");
  await userEvent.click(within(dialog).getByRole("button", { name: "Cancel the jobs" }));
  expect(await screen.findByText("Cancelling")).toBeInTheDocument();
});

it("tells of a batch that is not there", async () => {
  serving();
  renderPage(`/ui/batches/${"0".repeat(24)}`);
  expect(await screen.findByText("Batch not found")).toBeInTheDocument();
});

it("names the batch of a job", async () => {
  const job = wireJob({ batchId: ID, batchLine: 3, customId: "c" });
  server.use(http.get(`/jobs/${job.id}`, () => HttpResponse.json(job)));
  renderPage(`/ui/jobs/${job.id}`);
  expect(await screen.findByRole("link", { name: "Line 3" })).toHaveAttribute("href", `/ui/batches/${ID}`);
});
