import { renderHook } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { enableShortcuts, useDialogShortcuts, useShortcuts } from "./shortcuts";

function press(key: string, at: Element) {
  at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}

it.each(["in it", "not in it yet"])(
  "a key that closes a dialog does nothing else: the focus is %s",
  (focus) => {
    const back = vi.fn();
    renderHook(() => useShortcuts({ Escape: back }));
    const dialog = document.createElement("div");
    dialog.setAttribute("role", "dialog");
    const button = dialog.appendChild(document.createElement("button"));
    document.body.append(dialog);
    // As the dialogs do it: before the key comes to anybody else.
    addEventListener("keydown", () => dialog.remove(), { capture: true, once: true });

    press("Escape", focus === "in it" ? button : document.body);
    expect(dialog.isConnected).toBe(false);
    expect(back).not.toHaveBeenCalled();

    press("Escape", document.body);
    expect(back).toHaveBeenCalledOnce();
  },
);

it("a dialog has keys while nothing is open above it", () => {
  const [close, next] = [vi.fn(), vi.fn()];
  const dialog = document.createElement("section");
  dialog.setAttribute("role", "dialog");
  document.body.append(dialog);
  renderHook(() => useDialogShortcuts({ current: dialog }, { Escape: close, j: next }));
  const above = document.createElement("div");
  above.setAttribute("role", "menu");
  const item = above.appendChild(document.createElement("button"));
  dialog.append(above);
  press("j", item);
  addEventListener("keydown", () => above.remove(), { capture: true, once: true });
  press("Escape", item);
  expect(above.isConnected).toBe(false);
  expect([close, next].map((handler) => handler.mock.calls.length)).toEqual([0, 0]);

  press("j", dialog);
  // What had the focus is gone.
  press("j", document.body);
  press("j", dialog.appendChild(document.createElement("input")));
  expect(next).toHaveBeenCalledTimes(2);

  enableShortcuts(false);
  press("j", dialog);
  press("Escape", dialog);
  expect([close, next].map((handler) => handler.mock.calls.length)).toEqual([1, 2]);
  dialog.remove();
});
