import { act, renderHook } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { remembered, useRemembered } from "./remembered";

const asNumber = (text: string | null) => Number(text ?? "1");

it("is remembered, and told to all who use it", () => {
  const choice = remembered("remembered-test", asNumber);
  const { result } = renderHook(() => useRemembered(choice));
  expect(result.current).toBe(1);
  act(() => choice.write(2));
  expect(result.current).toBe(2);
  expect(remembered("remembered-test", asNumber).read()).toBe(2);
});

it("follows another tab", () => {
  const choice = remembered("remembered-test", asNumber);
  const { result } = renderHook(() => useRemembered(choice));
  act(() => {
    localStorage.setItem("remembered-test", "7");
    dispatchEvent(new StorageEvent("storage"));
  });
  expect(result.current).toBe(7);
});

it("is known until the page is closed where nothing can be kept", () => {
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("full");
  });
  const choice = remembered("remembered-test", asNumber);
  choice.write(5);
  expect(choice.read()).toBe(5);
});

it("is the same value while the same is stored", () => {
  const choice = remembered<object>("remembered-test", () => ({}));
  expect(choice.read()).toBe(choice.read());
});
