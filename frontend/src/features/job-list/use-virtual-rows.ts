import { defaultRangeExtractor, type Range, useWindowVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useCallback, useLayoutEffect, useState } from "react";

/** Up to this many rows all are drawn, so that the browser's own search finds them. */
const ALL_DRAWN = 100;
const BEYOND = 10;

/** A row to draw, and the rows between it and the one before that are not drawn. */
export interface Drawn {
  readonly index: number;
  readonly skipped: number;
}

/** Which of `count` rows of one height to draw. The one at `kept` has the focus: it stays in the document. */
export function useVirtualRows(
  box: RefObject<HTMLElement | null>,
  count: number,
  height: number,
  kept: number,
): { drawn: readonly Drawn[]; skippedAtEnd: number } {
  const [scrollMargin, setScrollMargin] = useState(0);
  // What stands above the list changes its height.
  useLayoutEffect(() => {
    const top = box.current?.getBoundingClientRect().top;
    if (top !== undefined) setScrollMargin(Math.round(top + scrollY));
  });

  const rangeExtractor = useCallback(
    (range: Range) => {
      if (range.count <= ALL_DRAWN) return Array.from({ length: range.count }, (_, index) => index);
      const seen = defaultRangeExtractor(range);
      return kept < 0 || seen.includes(kept) ? seen : [...seen, kept].sort((a, b) => a - b);
    },
    [kept],
  );
  const virtual = useWindowVirtualizer({
    count,
    estimateSize: () => height,
    overscan: BEYOND,
    scrollMargin,
    rangeExtractor,
  });
  // The density was changed.
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured anew for another height alone
  useLayoutEffect(() => virtual.measure(), [height]);

  const drawn: Drawn[] = [];
  let next = 0;
  for (const { index } of virtual.getVirtualItems()) {
    drawn.push({ index, skipped: index - next });
    next = index + 1;
  }
  return { drawn, skippedAtEnd: count - next };
}
