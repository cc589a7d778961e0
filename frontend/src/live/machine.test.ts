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
  it("happens whenever a stream begins: nobody told of what came before it", () => {
    expect(mustCatchUp(INITIAL, "stream-open")).toBe(true);
    expect(mustCatchUp(given("stream-open", "stream-lost"), "stream-open")).toBe(true);
    expect(mustCatchUp(given("stream-open"), "stream-open")).toBe(true);
  });

  it("happens when the server is back", () => {
    expect(mustCatchUp(given("stream-open", "down"), "up")).toBe(true);
  });

  it("does not happen while all is well, nor on the way down", () => {
    const live = given("stream-open");
    expect(mustCatchUp(live, "up")).toBe(false);
    expect(mustCatchUp(live, "down")).toBe(false);
    expect(mustCatchUp(live, "stream-lost")).toBe(false);
  });
});
