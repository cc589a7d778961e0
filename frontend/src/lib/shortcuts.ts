import { useEffect, useRef } from "react";
import { readStored, writeStored } from "./stored";

const STORED_AS = "job-processor-shortcuts";

/** Single-key shortcuts can interfere with speech input (WCAG 2.1.4), so they can be turned off. */
export function shortcutsEnabled(): boolean {
  return readStored(STORED_AS) !== "off";
}

export function enableShortcuts(enabled: boolean): void {
  writeStored(STORED_AS, enabled ? "on" : "off");
}

/** Runs the handler of a single key pressed anywhere on the page, except in text fields and dialogs. */
export function useShortcuts(handlers: Readonly<Record<string, (event: KeyboardEvent) => void>>): void {
  const newest = useRef(handlers);
  useEffect(() => {
    newest.current = handlers;
  });
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
        return;
      const handler = Object.hasOwn(newest.current, event.key) ? newest.current[event.key] : undefined;
      if (handler === undefined || isTyping(event.target) || isDialogs(event.target) || !shortcutsEnabled())
        return;
      handler(event);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}

/** Whether a key belongs to a dialog or menu: one is open, or this key has just closed it. */
function isDialogs(target: EventTarget | null): boolean {
  const dialog = '[role="dialog"], [role="menu"]';
  return (
    document.querySelector(dialog) !== null || (target instanceof Element && target.closest(dialog) !== null)
  );
}
