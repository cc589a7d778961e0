import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeEventSource } from "@/testing/fake-event-source";
import { openShared } from "./shared-stream";

/** Web Locks as far as they are used here: one holder of a name, the others wait in line. */
function fakeLocks() {
  const line: { signal: AbortSignal; run: () => Promise<void> }[] = [];
  let held = false;
  const next = async () => {
    if (held) return;
    const first = line.shift();
    if (first === undefined) return;
    if (first.signal.aborted) return void next();
    held = true;
    await first.run();
    held = false;
    void next();
  };
  return {
    request: async (_name: string, { signal }: { signal: AbortSignal }, run: () => Promise<void>) => {
      line.push({ signal, run });
      void next();
    },
  };
}

function tab() {
  const events = { opened: vi.fn(), changed: vi.fn(), bulkChanged: vi.fn(), resync: vi.fn(), lost: vi.fn() };
  return { ...events, stream: openShared("/events", events) };
}

beforeEach(() => {
  Object.defineProperty(navigator, "locks", { value: fakeLocks(), configurable: true });
});
afterEach(() => {
  Reflect.deleteProperty(navigator, "locks");
});

it("is one for all tabs, and all hear what it tells", async () => {
  const [first, second] = [tab(), tab()];
  expect(FakeEventSource.instances).toHaveLength(1);
  FakeEventSource.newest().send("hello", {});
  FakeEventSource.newest().send("job", { id: "a" });
  FakeEventSource.newest().send("resync", {});
  await vi.waitFor(() => expect(second.resync).toHaveBeenCalledTimes(1));
  for (const { opened, changed } of [first, second]) {
    expect(opened).toHaveBeenCalledTimes(1);
    expect(changed).toHaveBeenCalledWith(["a"]);
  }
  FakeEventSource.newest().fail();
  await vi.waitFor(() => expect(second.lost).toHaveBeenCalledTimes(1));
  first.stream.close();
  second.stream.close();
});

it("is found open by a tab that comes later, and the others are not told again", async () => {
  const first = tab();
  FakeEventSource.newest().send("hello", {});
  const second = tab();
  await vi.waitFor(() => expect(second.opened).toHaveBeenCalledTimes(1));
  const third = tab();
  await vi.waitFor(() => expect(third.opened).toHaveBeenCalledTimes(1));
  expect(first.opened).toHaveBeenCalledTimes(1);
  expect(second.opened).toHaveBeenCalledTimes(1);
  for (const { stream } of [first, second, third]) stream.close();
});

it("is opened by the next tab when the one that has it goes, and all catch up", async () => {
  const [first, second, third] = [tab(), tab(), tab()];
  FakeEventSource.newest().send("hello", {});
  await vi.waitFor(() => expect(third.opened).toHaveBeenCalledTimes(1));
  first.stream.close();
  await vi.waitFor(() => expect(FakeEventSource.instances).toHaveLength(2));
  expect(FakeEventSource.instances[0]?.readyState).toBe(FakeEventSource.CLOSED);
  FakeEventSource.newest().send("hello", {});
  await vi.waitFor(() => expect(third.opened).toHaveBeenCalledTimes(2));
  expect(second.opened).toHaveBeenCalledTimes(2);
  second.stream.close();
  third.stream.close();
});
