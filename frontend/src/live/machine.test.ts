import { describe, expect, it } from "vitest";
import { INITIAL, type LiveState, modeOf, mustCatchUp, next, type Signal } from "./machine";

function given(...signals: Signal[]): LiveState {
  return signals.reduce(next, INITIAL);
}

describe("the mode", () => {
  it.each<[string, Signal[]]>([
    ["connecting", []],
    ["connecting", ["up"]],
    ["live", ["stream-open"]],
    ["polling", ["stream-open", "stream-lost"]],
    ["polling", ["stream-lost", "up"]],
    ["offline", ["stream-open", "stream-lost", "down"]],
    ["offline", ["stream-open", "store-down"]],
    ["offline", ["store-down", "stream-open"]],
    ["live", ["stream-open", "down", "stream-open"]],
    ["live", ["stream-open", "store-down", "up"]],
    ["polling", ["stream-lost", "down", "up"]],
  ])("is %s after %j", (mode, signals) => {
    expect(modeOf(given(...signals))).toBe(mode);
  });
});

describe("catching up", () => {
  it("happens when the stream is back and when the server is back", () => {
    const lost = given("stream-open", "stream-lost");
    expect(mustCatchUp(lost, next(lost, "stream-open"))).toBe(true);
    const gone = given("stream-open", "down");
    expect(mustCatchUp(gone, next(gone, "up"))).toBe(true);
  });

  it("does not happen at the first connection, nor while all is well, nor on the way down", () => {
    expect(mustCatchUp(INITIAL, next(INITIAL, "stream-open"))).toBe(false);
    const live = given("stream-open");
    expect(mustCatchUp(live, next(live, "up"))).toBe(false);
    expect(mustCatchUp(live, next(live, "down"))).toBe(false);
    expect(mustCatchUp(live, next(live, "stream-lost"))).toBe(false);
  });
});
