import { screen } from "@testing-library/react";
import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { FakeEventSource } from "@/testing/fake-event-source";
import { wireJob } from "@/testing/job-factories";
import { renderPage } from "@/testing/render";
import { server } from "@/testing/server";

const broken = {
  type: "about:blank",
  title: "Internal error",
  status: 500,
  detail: "The disk of the server is full.",
  requestId: "req-77",
};

it("says that what is shown could not be refreshed, since when, and by which request", async () => {
  const job = wireJob({ prompt: "Still to be read", status: "WAITING" });
  let works = true;
  server.use(
    http.get(`/jobs/${job.id}`, () =>
      works ? HttpResponse.json(job) : HttpResponse.json(broken, { status: 500 }),
    ),
  );
  renderPage(`/ui/jobs/${job.id}`);
  await screen.findByText("Still to be read");
  FakeEventSource.newest().send("hello", {});
  expect(await screen.findByTestId("live-light")).toHaveTextContent("Live");

  works = false;
  FakeEventSource.newest().send("job", { id: job.id, status: "WAITING" });
  const line = await screen.findByTestId("stale-line");
  expect(line).toHaveTextContent(
    /^This page could not be refreshed since \d\d:\d\d\. The disk of the server is full\. Request req-77/,
  );
  expect(screen.getByTestId("live-light")).toHaveTextContent("Not current");
  expect(screen.getByText("Still to be read")).toBeInTheDocument();

  works = true;
  screen.getByRole("button", { name: "Try again" }).click();
  await expect.poll(() => screen.queryByTestId("stale-line"), { timeout: 10_000 }).toBeNull();
  expect(screen.getByTestId("live-light")).toHaveTextContent("Live");
});
