import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { wireSummary } from "@/testing/job-factories";
import { renderPage } from "@/testing/render";
import { problem, server } from "@/testing/server";

const saved: Blob[] = [];

beforeEach(() => {
  saved.length = 0;
  vi.spyOn(URL, "createObjectURL").mockImplementation((file) => {
    saved.push(file as Blob);
    return "blob:file";
  });
  vi.spyOn(URL, "revokeObjectURL").mockImplementation(() => undefined);
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** An answer that has ended. */
function answer(text: string): Response {
  return new Response(text, { headers: { "content-type": "text/csv" } });
}

/** An answer of which this much comes, until the line breaks. */
function broken(text: string) {
  let line: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      line = controller;
      controller.enqueue(new TextEncoder().encode(text));
    },
  });
  return {
    answer: () => new Response(body, { headers: { "content-type": "text/csv" } }),
    breaks: () => line?.error(new TypeError("the line broke")),
  };
}

async function exportAs(format: string) {
  renderPage("/ui/?q=invoice");
  await userEvent.click(await screen.findByRole("button", { name: "Export" }));
  await userEvent.click(await screen.findByRole("button", { name: format }));
}

function serve(...answers: (() => Response)[]): URLSearchParams[] {
  const asked: URLSearchParams[] = [];
  server.use(
    http.get("/jobs", () => HttpResponse.json([wireSummary()])),
    http.get("/jobs/count", () =>
      HttpResponse.json({ count: 3, more: false, byStatus: { FAILED: 3 }, complete: true }),
    ),
  );
  // Not by msw, which ends a body that breaks off as if it were whole.
  const others = globalThis.fetch;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const { pathname, searchParams } = new URL((input as Request).url);
    if (pathname !== "/jobs/export") return others(input, init);
    asked.push(searchParams);
    return answers[asked.length - 1]?.() ?? Response.error();
  });
  return asked;
}

it("an export that breaks off goes on by itself behind the last whole job, into one file", async () => {
  const line = broken('id,prompt\r\n03,"a\nb"\r\n02,c');
  const asked = serve(line.answer, () => answer("02,cd\r\n01,e\r\n"));
  await exportAs("CSV");
  await screen.findByText("1 of 3 jobs…");
  line.breaks();
  expect(
    await screen.findByText("3 jobs exported. The file is in your downloads.", {}, { timeout: 5_000 }),
  ).toBeVisible();
  expect(await saved[0]?.text()).toBe('id,prompt\r\n03,"a\nb"\r\n02,cd\r\n01,e\r\n');
  expect(asked.map((query) => query.get("before"))).toEqual([null, "03"]);
  expect(asked.every((query) => query.get("q") === "invoice" && query.get("format") === "csv")).toBe(true);
});

it("what cannot go on by itself says why, keeps what came, and goes on when asked to", async () => {
  const line = broken('{"id":"03"}\n');
  const asked = serve(
    line.answer,
    () => problem(422, "q: no such term"),
    () => answer('{"id":"02"}\n'),
  );
  await exportAs("NDJSON");
  await screen.findByText("1 of 3 jobs…");
  line.breaks();
  await userEvent.click(await screen.findByRole("button", { name: "Continue" }, { timeout: 5_000 }));
  await waitFor(() => expect(saved).toHaveLength(1));
  expect(await saved[0]?.text()).toBe('{"id":"03"}\n{"id":"02"}\n');
  expect(asked.at(-1)?.get("before")).toBe("03");
});

it("stopped, it asks again which format, and saves nothing", async () => {
  serve(() => new Response(new ReadableStream(), { headers: { "content-type": "text/csv" } }));
  await exportAs("CSV");
  await userEvent.click(await screen.findByRole("button", { name: "Stop" }));
  expect(await screen.findByRole("button", { name: "NDJSON" })).toBeEnabled();
  expect(saved).toEqual([]);
});
