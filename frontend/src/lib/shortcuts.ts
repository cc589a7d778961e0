import { type RefObject, useEffect, useRef } from "react";
import { readStored, writeStored } from "./stored";

const STORED_AS = "job-processor-shortcuts";

/** Single-key shortcuts can interfere with speech input (WCAG 2.1.4), so they can be turned off. */
export function shortcutsEnabled(): boolean {
  return readStored(STORED_AS) !== "off";
}

export function enableShortcuts(enabled: boolean): void {
  writeStored(STORED_AS, enabled ? "on" : "off");
}

type Handlers = Readonly<Record<string, (event: KeyboardEvent) => void>>;

/** Runs the handler of a single key pressed anywhere on the page, except in text fields and dialogs. */
export function useShortcuts(handlers: Handlers): void {
  useKeys(handlers, (event) => !isDialogs(event.target) && shortcutsEnabled());
}

/** As `useShortcuts`, of an open dialog: while nothing is open above it. Escape works where single keys are turned off. */
export function useDialogShortcuts(dialog: RefObject<HTMLElement | null>, handlers: Handlers): void {
  useKeys(
    handlers,
    (event) => isTopmost(dialog.current, event.target) && (event.key === "Escape" || shortcutsEnabled()),
    // A tooltip that is shown would keep Escape for itself.
    true,
  );
}

function useKeys(handlers: Handlers, belongs: (event: KeyboardEvent) => boolean, capture = false): void {
  const newest = useRef({ handlers, belongs });
  useEffect(() => {
    newest.current = { handlers, belongs };
  });
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
        return;
      const { handlers, belongs } = newest.current;
      const handler = Object.hasOwn(handlers, event.key) ? handlers[event.key] : undefined;
      if (handler === undefined || isTyping(event.target) || !belongs(event)) return;
      handler(event);
    };
    // Before a dialog that opens later closes by the key: the focus may not have been in it yet.
    const noteOpen = () => {
      openAtPress = [...document.querySelectorAll(ABOVE_THE_PAGE)];
    };
    window.addEventListener("keydown", noteOpen, { capture: true });
    document.addEventListener("keydown", pressed, { capture });
    return () => {
      window.removeEventListener("keydown", noteOpen, { capture: true });
      document.removeEventListener("keydown", pressed, { capture });
    };
  }, [capture]);
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

const ABOVE_THE_PAGE = '[role="dialog"], [role="menu"]';

/** What was open above the page when the newest key was pressed. */
let openAtPress: readonly Element[] = [];

/** Whether a key belongs to a dialog or menu: one is open, or this key has just closed it. */
function isDialogs(target: EventTarget | null): boolean {
  return openAtPress.length > 0 || (target instanceof Element && target.closest(ABOVE_THE_PAGE) !== null);
}

/** Whether a key belongs to this dialog: no other one nor a menu is open, and this key has not just closed one. */
function isTopmost(dialog: HTMLElement | null, target: EventTarget | null): boolean {
  if (dialog === null) return false;
  const at = target instanceof Element ? target.closest(ABOVE_THE_PAGE) : null;
  return (at === null || at === dialog) && openAtPress.every((other) => other === dialog);
}
