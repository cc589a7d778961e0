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

/** On a Mac commands go with ⌘, because Ctrl+K deletes the rest of a line there. */
const APPLE = /Mac|iPhone|iPad/.test(navigator.platform);

/** What opens the commands, to show and for `aria-keyshortcuts`. */
export const COMMANDS_KEYS: readonly string[] = APPLE ? ["⌘", "K"] : ["Ctrl", "K"];
export const COMMANDS_ARIA_KEYS = APPLE ? "Meta+K" : "Control+K";

type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

export function opensCommands({ key, ctrlKey, metaKey, altKey, shiftKey }: Pressed): boolean {
  const [wanted, other] = APPLE ? [metaKey, ctrlKey] : [ctrlKey, metaKey];
  return key.toLowerCase() === "k" && wanted && !other && !altKey && !shiftKey;
}

/** Runs the handler when the key of the commands is pressed anywhere on the page, also in text fields; not in dialogs. */
export function useCommandsKey(handler: () => void): void {
  const newest = useRef(handler);
  useEffect(() => {
    newest.current = handler;
  });
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || !opensCommands(event) || isDialogs(event.target)) return;
      // The browser's own search.
      event.preventDefault();
      newest.current();
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
