import type { Row } from "@/api/job-rows";
import type { RowKeys } from "./use-row-keys";

/** What the table and the cards are given. */
export interface RowsProps {
  rows: readonly Row[];
  keys: RowKeys;
  /** The number of rows in the whole list; -1: not known, because more can be loaded. */
  total: number;
  isLeft: (row: Row) => boolean;
  onPeek: (id: string) => void;
  /** Is told the indexes of the rows that are drawn. */
  onDrawn: (indexes: readonly number[]) => void;
}

/** What a row of the table, or a card, is given. */
export interface RowProps {
  row: Row;
  index: number;
  isSelected: boolean;
  isTabStop: boolean;
  isLeft: boolean;
  onChoose: (id: string) => void;
  onPeek: (id: string) => void;
}
