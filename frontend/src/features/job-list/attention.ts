import { useEffect } from "react";

/** A hand that moves to the list moves the pointer first. */
const HAND_MOVES_MS = 1_500;

let movedAt = Number.NEGATIVE_INFINITY;

export function useWatchedPointer(): void {
  useEffect(() => {
    const moved = () => {
      movedAt = performance.now();
    };
    // Who has just come here is about to look.
    moved();
    addEventListener("pointermove", moved, { passive: true });
    addEventListener("pointerdown", moved, { passive: true });
    return () => {
      removeEventListener("pointermove", moved);
      removeEventListener("pointerdown", moved);
    };
  }, []);
}

/**
 * Whether somebody reads or aims: a job of the list is peeked at; the pointer, the focus or a selection of text is in the
 * list; the page is scrolled; or a hand moves. Where there is no pointer that hovers, a finger may come down at any time.
 */
export function isAttended(list: HTMLElement | null): boolean {
  if (list === null) return false;
  const selection = getSelection();
  return (
    matchMedia("(hover: none)").matches ||
    isScrolled() ||
    list.dataset["peeked"] !== undefined ||
    list.matches(":hover") ||
    list.contains(document.activeElement) ||
    (selection !== null && !selection.isCollapsed && list.contains(selection.anchorNode)) ||
    performance.now() - movedAt < HAND_MOVES_MS
  );
}

export function isScrolled(): boolean {
  return scrollY > 2;
}
