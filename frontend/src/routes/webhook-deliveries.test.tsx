import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { wireJob } from "@/testing/job-factories";
import { renderPage } from "@/testing/render";
import { server } from "@/testing/server";
import { wireDelivery } from "@/testing/webhook-factories";
import { delivering, JOB, OTHER, serving } from "@/testing/webhooks";

it("says of each delivery what came of it, with its request and answers, and sends it again", async () => {
  const endpoint = "1".repeat(24);
  serving({ id: endpoint, description: "Pager" });
  delivering(
    {
      endpointId: endpoint,
      state: "failed",
      note: "None of 10 tries succeeded.",
      tries: [
        {
          at: "2026-11-24T10:00:00.000Z",
          milliseconds: 20_000,
          status: null,
          error: "No answer.",
          answer: "",
        },
        { at: "2026-11-24T10:00:05.000Z", milliseconds: 15, status: 500, error: null, answer: "Oops" },
      ],
    },
    { endpointId: OTHER, state: "pending", nextAt: "2100-01-01T00:00:00.000Z" },
    { endpointId: null, event: "job.failed" },
    { endpointId: null, event: "batch.ended", jobId: null, batchId: OTHER },
  );
  const again: string[] = [];
  server.use(
    http.post("/webhook-deliveries/:id/replay", ({ params }) => {
      again.push(String(params["id"]));
      return HttpResponse.json(wireDelivery({ state: "pending" }));
    }),
  );
  renderPage("/ui/webhooks");
  const list = await screen.findByRole("list", { name: "Deliveries, newest first" });
  await within(list).findByText("Pager");
  const [failed, pending, own, batch] = within(list).getAllByRole("listitem") as HTMLElement[];
  if (!failed || !pending || !own || !batch) throw new Error("four were sent");
  expect(failed).toHaveTextContent(/Failed.*None of 10 tries succeeded\./);
  expect(own).toHaveTextContent("the job's own webhook");
  expect(batch).toHaveTextContent("the batch's own webhook");
  expect(within(batch).getByRole("link", { name: OTHER })).toHaveAttribute("href", `/ui/batches/${OTHER}`);
  expect(within(failed).getByRole("link", { name: JOB })).toHaveAttribute("href", `/ui/jobs/${JOB}`);
  expect(pending).toHaveTextContent(/Next try in/);
  expect(within(pending).getByRole("button", { name: "Send now" })).toHaveAccessibleDescription(
    "The endpoint was deleted.",
  );

  await userEvent.click(within(failed).getByRole("button", { name: /Request and answers/ }));
  const tries = within(failed).getByRole("list", { name: "Tries, newest first" });
  expect(tries).toHaveTextContent(/500.*Oops.*No answer/);
  expect(
    await within(failed).findByRole("group", { name: "The body that is sent, laid out" }),
  ).toHaveTextContent('"type": "job.completed"');
  await userEvent.click(within(failed).getByRole("button", { name: "Send again" }));
  await waitFor(() => expect(again).toEqual(["0".repeat(24)]));
});

it("asks for what stands in the address, and writes there what is chosen", async () => {
  const endpoint = "1".repeat(24);
  serving({ id: endpoint, description: "Pager" });
  const asked = delivering();
  const { router } = renderPage(`/ui/webhooks?state=failed&endpoint=${endpoint}`);
  expect(await screen.findByText("No delivery matches these filters")).toBeInTheDocument();
  expect(asked[0]?.get("endpointId")).toBe(endpoint);
  expect(asked[0]?.getAll("state")).toEqual(["failed"]);
  await userEvent.type(screen.getByLabelText("Job"), JOB.slice(0, 23));
  expect(screen.getByText("An id has 24 hex digits.")).toBeInTheDocument();
  await userEvent.type(screen.getByLabelText("Job"), JOB.slice(23));
  await waitFor(() => expect(asked.at(-1)?.get("jobId")).toBe(JOB));
  await userEvent.selectOptions(await screen.findByLabelText("Receiver"), "");
  await waitFor(() => expect(router.state.location.searchStr).toBe(`?state=failed&job=${JOB}`));
  await userEvent.click(screen.getByRole("button", { name: "Clear all filters" }));
  await waitFor(() => expect(router.state.location.searchStr).toBe(""));
  expect(screen.getByLabelText("Job")).toHaveValue("");
});

it("a job's page shows its webhook and who was told", async () => {
  delivering({ endpointId: null, jobId: JOB });
  server.use(
    http.get("/webhook-endpoints", () => HttpResponse.json([])),
    http.get(`/jobs/${JOB}`, () =>
      HttpResponse.json(
        wireJob({
          status: "COMPLETED",
          webhook: { url: "https://example.com/hook?…", events: ["completed", "failed"] },
        }),
      ),
    ),
  );
  renderPage(`/ui/jobs/${JOB}`);
  const panel = await screen.findByRole("region", { name: "Webhooks" });
  expect(panel).toHaveTextContent("Webhook of this job (if completed or failed): https://example.com/hook?…");
  expect(await within(panel).findByText("Answered 200 after 120 ms.")).toBeInTheDocument();
  expect(within(panel).getByRole("link", { name: "Open in Webhooks" })).toHaveAttribute(
    "href",
    `/ui/webhooks?job=${JOB}`,
  );
});
