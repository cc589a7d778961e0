import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useTypedUntilPause } from "./use-typed";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function field(first: string) {
  const sent = vi.fn<(value: string) => void>();
  const { result, rerender } = renderHook(({ value }) => useTypedUntilPause(value, sent), {
    initialProps: { value: first },
  });
  const type = (text: string) => act(() => result.current.setTyped(text));
  const pause = () => act(() => vi.runAllTimers());
  const changeElsewhere = (value: string) => rerender({ value });
  return { sent, result, type, pause, changeElsewhere };
}

it("sends once, when typing pauses, without the spaces around the text", () => {
  const { sent, result, type, pause } = field("");
  type("in");
  type("invoice ");
  expect(sent).not.toHaveBeenCalled();
  pause();
  expect(sent.mock.calls).toEqual([["invoice"]]);
  expect(result.current.typed).toBe("invoice ");
});

it("leaves what is typed alone when its own value comes back", () => {
  const { sent, result, type, pause, changeElsewhere } = field("");
  type("night ");
  pause();
  changeElsewhere("night");
  expect(result.current.typed).toBe("night ");
  expect(sent).toHaveBeenCalledTimes(1);
});

it("shows what was changed elsewhere, and sends nothing for that", () => {
  const { sent, result, type, pause, changeElsewhere } = field("one ");
  pause();
  type("tw");
  changeElsewhere("three");
  pause();
  expect(result.current.typed).toBe("three");
  expect(sent).not.toHaveBeenCalled();
});
