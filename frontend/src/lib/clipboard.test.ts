// @vitest-environment jsdom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { copyText } from "./clipboard";

let copied: string[];

beforeEach(() => {
  copied = [];
  document.execCommand = vi.fn(() => {
    const field = document.activeElement;
    if (field instanceof HTMLTextAreaElement) copied.push(field.value);
    return true;
  });
});

afterEach(() => vi.unstubAllGlobals());

function withClipboard(clipboard: unknown) {
  vi.stubGlobal("navigator", { clipboard });
}

it("copies the old way where there is no clipboard, and leaves nothing behind", async () => {
  withClipboard(undefined);
  const button = document.body.appendChild(document.createElement("button"));
  button.focus();
  expect(await copyText("a\nb")).toBe(true);
  expect(copied).toEqual(["a\nb"]);
  expect(document.querySelector("textarea")).toBeNull();
  expect(document.activeElement).toBe(button);
});

it("copies the old way where the clipboard refuses", async () => {
  withClipboard({ writeText: () => Promise.reject(new Error("not allowed")) });
  expect(await copyText("x")).toBe(true);
  expect(copied).toEqual(["x"]);
});

it("uses the clipboard where there is one", async () => {
  const writeText = vi.fn(() => Promise.resolve());
  withClipboard({ writeText });
  expect(await copyText("x")).toBe(true);
  expect(writeText).toHaveBeenCalledWith("x");
  expect(copied).toEqual([]);
});

it("says when nothing works", async () => {
  withClipboard(undefined);
  document.execCommand = () => {
    throw new Error("gone");
  };
  expect(await copyText("x")).toBe(false);
});
