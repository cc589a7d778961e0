import { focusMain, isFocusLost } from "@/lib/focus";

/** The render that takes the button or the row away comes within this time, on a slow machine too. */
const WATCHED_MS = 5_000;
/** Ends the watch of the last act: the rows beside an earlier one may be gone. */
let endWatch = () => {};

/**
 * Remembers a callback's row and the ones beside it. Call the result when the list has changed: if the focus is lost
 * with a button or a row, it goes to the row, else to the next, else to the one before it.
 */
export function keepFocusAt(id: string): () => void {
  const row = document.querySelector<HTMLElement>(`[data-callback="${id}"]`);
  const rows = [row, row?.nextElementSibling, row?.previousElementSibling];
  return () => {
    endWatch();
    const restore = () => {
      if (!isFocusLost()) return;
      const left = rows.find((one) => one instanceof HTMLElement && one.isConnected);
      if (left instanceof HTMLElement) return left.focus();
      focusMain();
      // The rows are gone, perhaps with their page.
      endWatch();
    };
    requestAnimationFrame(restore);
    const observer = new MutationObserver(restore);
    observer.observe(document.body, { childList: true, subtree: true });
    const end = () => {
      clearTimeout(timer);
      document.removeEventListener("pointerdown", end);
      observer.disconnect();
    };
    const timer = setTimeout(end, WATCHED_MS);
    // From then on the focus is where a person put it, be it nowhere.
    document.addEventListener("pointerdown", end);
    endWatch = end;
  };
}
