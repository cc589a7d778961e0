import { renderHook } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { useShortcuts } from "./shortcuts";

function press(key: string, at: Element) {
  at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}

it("a key that closes a dialog does nothing else", () => {
  const back = vi.fn();
  renderHook(() => useShortcuts({ Escape: back }));
  const dialog = document.createElement("div");
  dialog.setAttribute("role", "dialog");
  const button = dialog.appendChild(document.createElement("button"));
  document.body.append(dialog);
  // As the dialogs do it: before the key comes to anybody else.
  addEventListener("keydown", () => dialog.remove(), { capture: true, once: true });

  press("Escape", button);
  expect(dialog.isConnected).toBe(false);
  expect(back).not.toHaveBeenCalled();

  press("Escape", document.body);
  expect(back).toHaveBeenCalledOnce();
});
