import { type RefObject, useCallback, useSyncExternalStore } from "react";

/** Whether the top of the element has been scrolled out of sight. */
export function useScrolledPast(element: RefObject<HTMLElement | null>): boolean {
  return useSyncExternalStore(
    subscribe,
    useCallback(() => (element.current?.getBoundingClientRect().top ?? 0) < 0, [element]),
  );
}

function subscribe(listener: () => void): () => void {
  addEventListener("scroll", listener, { passive: true });
  addEventListener("resize", listener, { passive: true });
  return () => {
    removeEventListener("scroll", listener);
    removeEventListener("resize", listener);
  };
}
