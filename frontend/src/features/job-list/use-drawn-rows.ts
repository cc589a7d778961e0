import { type RefObject, useEffect } from "react";
import type { RowProps, RowsProps } from "./rows-props";
import { useVirtualRows } from "./use-virtual-rows";

interface DrawnRow {
  readonly props: RowProps;
  /** How many rows before it are not drawn. */
  readonly skipped: number;
}

/** The rows to draw, each `height` pixels high, and how many are not drawn after the last. */
export function useDrawnRows(
  box: RefObject<HTMLElement | null>,
  height: number,
  { rows, keys, isLeft, onPeek, onDrawn }: RowsProps,
): { drawn: readonly DrawnRow[]; skippedAtEnd: number } {
  const kept = rows.findIndex((row) => row.id === keys.selected);
  const { drawn, skippedAtEnd } = useVirtualRows(box, rows.length, height, kept);
  useEffect(() => onDrawn(drawn.map(({ index }) => index)));
  return {
    drawn: drawn.flatMap(({ index, skipped }) => {
      const row = rows[index];
      if (row === undefined) return [];
      const props = {
        row,
        index,
        isSelected: row.id === keys.selected,
        isTabStop: row.id === keys.tabStop,
        isLeft: isLeft(row),
        onChoose: keys.choose,
        onPeek,
      };
      return { props, skipped };
    }),
    skippedAtEnd,
  };
}
