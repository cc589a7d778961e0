import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { currentTime, learnServerTime } from "./now";

const CLIENT = Date.UTC(2026, 10, 24, 12, 0, 0);

beforeEach(() => vi.useFakeTimers({ now: CLIENT }));
afterEach(() => {
  learnServerTime(new Date(CLIENT).toUTCString(), CLIENT);
  vi.useRealTimers();
});

it("runs on the server's time when this machine's is wrong", () => {
  learnServerTime(new Date(CLIENT - 120_000).toUTCString(), CLIENT);
  expect(currentTime()).toBe(CLIENT - 120_000);
});

it("does not jump for what whole seconds and slow answers explain", () => {
  learnServerTime(new Date(CLIENT - 2_000).toUTCString(), CLIENT);
  expect(currentTime()).toBe(CLIENT);
});

it("goes back to its own time when the two agree again, and ignores nonsense", () => {
  learnServerTime(new Date(CLIENT + 60_000).toUTCString(), CLIENT);
  learnServerTime(null, CLIENT);
  learnServerTime("yesterday", CLIENT);
  expect(currentTime()).toBe(CLIENT + 60_000);
  learnServerTime(new Date(CLIENT).toUTCString(), CLIENT);
  expect(currentTime()).toBe(CLIENT);
});
