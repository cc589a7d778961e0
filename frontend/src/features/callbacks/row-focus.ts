import { focusMain, isFocusLost } from "@/lib/focus";

/**
 * Remembers a callback's row and the ones beside it. Call the result when the list has changed: if the focus was lost
 * with a button or a row, it goes to the row, else to the next, else to the one before it.
 */
export function keepFocusAt(id: string): () => void {
  const row = document.querySelector<HTMLElement>(`[data-callback="${id}"]`);
  const rows = [row, row?.nextElementSibling, row?.previousElementSibling];
  return () =>
    // After the render that takes the button away.
    requestAnimationFrame(() => {
      if (!isFocusLost()) return;
      const left = rows.find((one) => one instanceof HTMLElement && one.isConnected);
      if (left instanceof HTMLElement) left.focus();
      else focusMain();
    });
}
