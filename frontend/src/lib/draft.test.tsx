import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { forgetDraft, forgetDrafts, hasDraft, useDraft } from "./draft";

const EMPTY = { prompt: "", flow: "" };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function form() {
  return renderHook(() => useDraft("form", EMPTY));
}

function type(view: ReturnType<typeof form>, prompt: string) {
  act(() => view.result.current[1]((now) => ({ ...now, prompt })));
}

it("is there again after the page was left", () => {
  const first = form();
  type(first, "half a thought");
  act(() => vi.advanceTimersByTime(300));
  expect(hasDraft("form")).toBe(true);
  first.unmount();
  expect(form().result.current[0]).toEqual({ prompt: "half a thought", flow: "" });
});

it("is kept at once when the page is taken away", () => {
  const first = form();
  type(first, "half");
  expect(hasDraft("form")).toBe(false);
  dispatchEvent(new Event("pagehide"));
  expect(hasDraft("form")).toBe(true);
});

it("is gone when nothing is typed any more", () => {
  const first = form();
  type(first, "x");
  act(() => vi.advanceTimersByTime(300));
  type(first, "");
  act(() => vi.advanceTimersByTime(300));
  expect(hasDraft("form")).toBe(false);
});

it.each([
  ["one", () => forgetDraft("form")],
  ["all", forgetDrafts],
])("stays forgotten, though the form is still there (%s)", (_which, forget) => {
  const first = form();
  type(first, "secret");
  act(() => vi.advanceTimersByTime(300));
  forget();
  dispatchEvent(new Event("pagehide"));
  first.unmount();
  expect(hasDraft("form")).toBe(false);
  // What is typed afterwards counts again.
  const second = form();
  type(second, "new");
  second.unmount();
  expect(hasDraft("form")).toBe(true);
});

it.each(["{nonsense", "null", "[]", '{"prompt": 5, "other": "x"}'])("reads nothing from %s", (stored) => {
  sessionStorage.setItem("job-processor-draft:form", stored);
  expect(form().result.current[0]).toEqual(EMPTY);
});

it("works without storage", () => {
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("full", "QuotaExceededError");
  });
  const first = form();
  type(first, "still here");
  act(() => vi.advanceTimersByTime(300));
  expect(first.result.current[0].prompt).toBe("still here");
});
