import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { UnreachableError } from "./errors";
import { BEGINS_WITHIN_MS, IDLE_MS, patiently } from "./patience";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A server that begins after a time, and then sends a part after each pause; null: never. */
function answering(beginsMs: number | null, pauses: readonly (number | null)[]) {
  const lost = vi.fn();
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const { signal } = input as Request;
    await after(beginsMs, signal);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (sent === pauses.length) return controller.close();
        await after(pauses[sent] ?? null, signal);
        sent += 1;
        return controller.enqueue(new TextEncoder().encode("part "));
      },
    });
    return new Response(body, { status: 201, headers: { etag: "x" } });
  });
  const controller = new AbortController();
  const asked = patiently(new Request("http://localhost/jobs", { signal: controller.signal }), lost);
  return { text: asked.then((response) => response.text()), asked, lost, abort: () => controller.abort() };
}

function after(ms: number | null, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    if (ms !== null) setTimeout(resolve, ms);
  });
}

async function outcome(text: Promise<string>, ms: number): Promise<unknown> {
  const settled = text.catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(ms);
  return settled;
}

it("waits for a big answer as long as something comes", async () => {
  const pauses = Array.from({ length: 20 }, () => IDLE_MS - 1);
  const { text, asked, lost } = answering(BEGINS_WITHIN_MS - 1, pauses);
  expect(await outcome(text, 22 * IDLE_MS)).toBe("part ".repeat(20));
  const { status, headers } = await asked;
  expect([status, headers.get("etag")]).toEqual([201, "x"]);
  expect(lost).not.toHaveBeenCalled();
});

it("gives up on a server that does not begin to answer", async () => {
  const { text } = answering(null, []);
  expect(await outcome(text, BEGINS_WITHIN_MS)).toMatchObject({ name: "TimeoutError" });
});

it("gives up on an answer that stops half-way, and tells of it", async () => {
  const { text, lost } = answering(0, [5, null]);
  expect(await outcome(text, IDLE_MS + 10)).toBeInstanceOf(UnreachableError);
  expect(lost).toHaveBeenCalledTimes(1);
});

it("tells nothing of the server when the page itself gives up", async () => {
  const { text, lost, abort } = answering(0, [5, null]);
  const settled = outcome(text, 100);
  await vi.advanceTimersByTimeAsync(20);
  abort();
  expect(await settled).toMatchObject({ name: "AbortError" });
  expect(lost).not.toHaveBeenCalled();
});
