import { useEffect, useRef, useState } from "react";
import { focusMain, MAIN } from "@/lib/focus";
import { lastChosen, rememberChosen } from "@/lib/last-list";
import { useShortcuts } from "@/lib/shortcuts";

export interface RowKeys {
  /** The row that was chosen last; it is marked. */
  readonly selected: string | null;
  /** The one row that Tab reaches; j and k reach the others. */
  readonly tabStop: string | null;
  choose(id: string): void;
}

/**
 * j and k move the focus from row to row, Enter opens the job (the row is a link), p and space peek at it, Esc lets go of
 * the row. The job that is `peeked` at is the chosen one, and its row has the focus afterwards.
 */
export function useRowKeys(
  ids: readonly string[],
  peeked: string | null,
  onPeek: (id: string) => void,
): RowKeys {
  const [chosen, setChosen] = useState(lastChosen);
  // To be focused as soon as it is drawn.
  const [wanted, setWanted] = useState<string | null>(null);
  const selected = chosen !== null && ids.includes(chosen) ? chosen : null;

  useEffect(() => rememberChosen(chosen), [chosen]);

  useEffect(() => {
    if (wanted === null) return;
    const link = linkOf(wanted);
    if (link === null) return;
    setWanted(null);
    link.focus({ preventScroll: true });
    rowOf(wanted)?.scrollIntoView({ block: "nearest" });
  }, [wanted]);

  useReturn(selected);

  const before = useRef(peeked);
  useEffect(() => {
    const left = before.current;
    before.current = peeked;
    if (peeked !== null) {
      setChosen(peeked);
      rowOf(peeked)?.scrollIntoView({ block: "nearest" });
    } else if (left !== null) return comeBackTo(left);
    return undefined;
  }, [peeked]);

  const here = () => focusedRow() ?? (selected !== null && isInSight(selected) ? selected : null);

  const move = (by: number) => {
    const from = here();
    const index = from === null ? ids.findIndex(isInSight) : ids.indexOf(from) + by;
    const target = ids[Math.min(ids.length - 1, Math.max(0, index))];
    if (target === undefined) return;
    setChosen(target);
    setWanted(target);
  };

  const letGo = () => {
    if (
      document.activeElement instanceof HTMLElement &&
      document.activeElement.closest("[data-job]") !== null
    )
      document.activeElement.blur();
    setChosen(null);
  };

  const peek = () => {
    const id = here() ?? ids.find(isInSight);
    if (id !== undefined) onPeek(id);
  };

  useShortcuts({
    j: () => move(1),
    k: () => move(-1),
    p: peek,
    // Elsewhere it presses buttons and scrolls.
    " ": (event) => {
      if (!(event.target instanceof HTMLAnchorElement) || focusedRow() === null) return;
      event.preventDefault();
      peek();
    },
    Escape: letGo,
  });
  return { selected, tabStop: selected ?? ids[0] ?? null, choose: setChosen };
}

/** Focuses the row of the job that the reader comes back from, unless something else has the focus. */
function useReturn(selected: string | null): void {
  const [returned] = useState(selected);
  useEffect(() => (returned === null ? undefined : comeBackTo(returned)), [returned]);
}

function comeBackTo(id: string): () => void {
  // After the router has restored the scroll position: then the row is where it was, or it is brought there.
  const frame = requestAnimationFrame(() => {
    const active = document.activeElement;
    const elsewhere = active !== null && active !== document.body && active.id !== MAIN;
    // A dialog that closes is still there.
    if (elsewhere && active.closest('[role="dialog"]') === null) return;
    const link = linkOf(id);
    if (link === null) focusMain();
    else link.focus({ preventScroll: true });
    if (!isInSight(id)) rowOf(id)?.scrollIntoView({ block: "center" });
  });
  return () => cancelAnimationFrame(frame);
}

function focusedRow(): string | null {
  return document.activeElement?.closest<HTMLElement>("[data-job]")?.dataset["job"] ?? null;
}

function rowOf(id: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[data-job="${CSS.escape(id)}"]`);
}

function linkOf(id: string): HTMLElement | null {
  return rowOf(id)?.querySelector<HTMLElement>("a") ?? null;
}

/** Below the header, above the end of the window. */
function isInSight(id: string): boolean {
  const row = rowOf(id);
  if (row === null) return false;
  const { top, bottom } = row.getBoundingClientRect();
  const covered = Number.parseFloat(getComputedStyle(row).scrollMarginTop) || 0;
  return top >= covered && bottom <= innerHeight;
}
