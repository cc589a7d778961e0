import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Contact, reportContact } from "@/api/contact";
import { FakeEventSource } from "@/testing/fake-event-source";
import { type Connection, connect } from "./connection";
import { modeOf } from "./machine";

const refresher = {
  jobChanged: vi.fn(),
  bulkChanged: vi.fn(),
  everything: vi.fn(),
  who: vi.fn(),
  hold: vi.fn(),
};
const probe = vi.fn(async () => reportContact(server));
let server: Contact;
let connection: Connection;

beforeEach(() => {
  vi.useFakeTimers();
  server = "up";
  for (const mock of [refresher.jobChanged, refresher.everything, refresher.hold, probe]) mock.mockClear();
  connection = connect("/events", refresher, probe);
});

afterEach(() => {
  connection.stop();
  setHidden(false);
  vi.useRealTimers();
});

const mode = () => modeOf(connection.state());

function setHidden(hidden: boolean) {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}

describe("live → polling → offline → live", () => {
  it("goes all the way and catches up at the end", async () => {
    FakeEventSource.newest().send("hello", { position: 1 });
    expect(mode()).toBe("live");

    FakeEventSource.newest().fail();
    await vi.advanceTimersByTimeAsync(0);
    expect(mode()).toBe("polling");

    server = "down";
    await vi.advanceTimersByTimeAsync(10_000);
    expect(mode()).toBe("offline");

    server = "up";
    refresher.everything.mockClear();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(mode()).toBe("polling");
    expect(refresher.everything).toHaveBeenCalled();

    refresher.everything.mockClear();
    FakeEventSource.newest().send("hello", { position: 9 });
    expect(mode()).toBe("live");
    expect(refresher.everything).toHaveBeenCalledTimes(1);
  });

  it("tries the stream at once when the server is back, instead of waiting for the browser to", async () => {
    FakeEventSource.newest().fail();
    reportContact("down");
    const before = FakeEventSource.instances.length;
    reportContact("up");
    expect(FakeEventSource.instances).toHaveLength(before + 1);
  });

  it("is not live before the first event has come through", async () => {
    FakeEventSource.newest().readyState = FakeEventSource.OPEN;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(mode()).toBe("polling");
  });
});

describe("a connection that died without a word", () => {
  it("is noticed, and a new stream is opened when the server answers again", async () => {
    FakeEventSource.newest().send("hello", {});
    server = "down";
    await vi.advanceTimersByTimeAsync(10_000);
    expect(mode()).toBe("offline");
    server = "up";
    await vi.advanceTimersByTimeAsync(2_000);
    expect(FakeEventSource.instances).toHaveLength(2);
    FakeEventSource.newest().send("hello", {});
    expect(mode()).toBe("live");
  });

  it("is asked about at once when the browser says that the network has changed", async () => {
    FakeEventSource.newest().send("hello", {});
    server = "down";
    dispatchEvent(new Event("offline"));
    await vi.advanceTimersByTimeAsync(0);
    expect(mode()).toBe("offline");
  });
});

describe("events", () => {
  it("begin when the stream does: what changed since the page first looked is fetched then", () => {
    expect(refresher.everything).not.toHaveBeenCalled();
    FakeEventSource.newest().send("hello", {});
    expect(refresher.everything).toHaveBeenCalledTimes(1);
  });

  it("are hints about one job, and a resync about all", () => {
    FakeEventSource.newest().send("hello", {});
    refresher.everything.mockClear();
    FakeEventSource.newest().send("job", { id: "a", status: "RUNNING", flow: "mock", rev: 2 });
    expect(refresher.jobChanged).toHaveBeenCalledWith("a");
    FakeEventSource.newest().send("resync", {});
    expect(refresher.everything).toHaveBeenCalledTimes(1);
  });

  it("that cannot be read make the page look at everything", () => {
    FakeEventSource.newest().send("job", "{nonsense");
    FakeEventSource.newest().send("job", "null");
    expect(refresher.everything).toHaveBeenCalledTimes(2);
  });
});

describe("polling", () => {
  it("asks every 2 s while the stream is lost and hardly ever while it is live", async () => {
    FakeEventSource.newest().fail();
    refresher.everything.mockClear();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(refresher.everything).toHaveBeenCalledTimes(5);

    FakeEventSource.newest().send("hello", {});
    refresher.everything.mockClear();
    await vi.advanceTimersByTimeAsync(18_000);
    expect(refresher.everything).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(12_000);
    expect(refresher.everything).toHaveBeenCalledTimes(1);
  });

  it("asks for health beside it no more than while it is live", async () => {
    FakeEventSource.newest().fail();
    await vi.advanceTimersByTimeAsync(0);
    expect(probe).toHaveBeenCalledTimes(1);
    for (let second = 0; second < 20; second += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      if (FakeEventSource.newest().readyState !== FakeEventSource.CLOSED) FakeEventSource.newest().fail();
    }
    expect(mode()).toBe("polling");
    expect(probe).toHaveBeenCalledTimes(3);
  });

  it("tries a stream that is refused ever more seldom, and soon again after it came through", async () => {
    const secondsToTheNext = async () => {
      const before = FakeEventSource.instances.length;
      FakeEventSource.newest().fail(true);
      for (let seconds = 1; ; seconds += 1) {
        await vi.advanceTimersByTimeAsync(1_000);
        if (FakeEventSource.instances.length > before) return seconds;
      }
    };
    const pauses = [];
    for (let i = 0; i < 6; i += 1) pauses.push(await secondsToTheNext());
    expect(pauses).toEqual([2, 4, 8, 16, 30, 30]);
    FakeEventSource.newest().send("hello", {});
    expect(await secondsToTheNext()).toBe(2);
  });

  it("makes a new stream when the browser has given up on the old one", async () => {
    FakeEventSource.newest().fail(true);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(FakeEventSource.instances).toHaveLength(2);
  });
});

describe("a hidden tab", () => {
  it("that was never seen has no stream, until it is seen", () => {
    connection.stop();
    setHidden(true);
    const before = FakeEventSource.instances.length;
    connection = connect("/events", refresher, probe);
    expect(FakeEventSource.instances).toHaveLength(before);
    reportContact("down");
    reportContact("up");
    expect(FakeEventSource.instances).toHaveLength(before);
    setHidden(false);
    expect(FakeEventSource.instances).toHaveLength(before + 1);
  });

  it("holds refetching, gives its connection back, and catches up when it is seen again", async () => {
    FakeEventSource.newest().send("hello", {});
    refresher.everything.mockClear();
    setHidden(true);
    expect(refresher.hold).toHaveBeenLastCalledWith(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeEventSource.newest().readyState).toBe(FakeEventSource.CLOSED);
    expect(refresher.everything).not.toHaveBeenCalled();

    setHidden(false);
    expect(refresher.hold).toHaveBeenLastCalledWith(false);
    expect(refresher.everything).toHaveBeenCalledTimes(1);
    expect(FakeEventSource.instances).toHaveLength(2);
    // What changed while the new stream was on its way.
    FakeEventSource.newest().send("hello", {});
    expect(refresher.everything).toHaveBeenCalledTimes(2);
  });
});
