import { focusMain, isFocusLost } from "@/lib/focus";

/** The render that takes the button or the row away comes within this time, on a slow machine too. */
const WATCHED_MS = 5_000;
/** Of the last act only: the rows beside an earlier one may be gone. */
let watch: MutationObserver | null = null;

/**
 * Remembers a callback's row and the ones beside it. Call the result when the list has changed: if the focus is lost
 * with a button or a row, it goes to the row, else to the next, else to the one before it.
 */
export function keepFocusAt(id: string): () => void {
  const row = document.querySelector<HTMLElement>(`[data-callback="${id}"]`);
  const rows = [row, row?.nextElementSibling, row?.previousElementSibling];
  const restore = () => {
    if (!isFocusLost()) return;
    const left = rows.find((one) => one instanceof HTMLElement && one.isConnected);
    if (left instanceof HTMLElement) left.focus();
    else focusMain();
  };
  return () => {
    requestAnimationFrame(restore);
    watch?.disconnect();
    const mine = new MutationObserver(restore);
    mine.observe(document.body, { childList: true, subtree: true });
    const stop = () => {
      clearTimeout(timer);
      document.removeEventListener("pointerdown", stop);
      mine.disconnect();
    };
    const timer = setTimeout(stop, WATCHED_MS);
    // From then on the focus is where a person put it, be it nowhere.
    document.addEventListener("pointerdown", stop);
    watch = mine;
  };
}
