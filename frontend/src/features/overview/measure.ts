import type { ListSearch } from "@/lib/last-list";
import type { Point } from "./points";

/** One kind of bar or line of a chart, which is a column of its table. */
export interface Measure {
  readonly key: string;
  readonly label: string;
  /** A colour of overview.module.css. */
  readonly color: string;
  /** Of a line, so that it is told from others without its colour. */
  readonly dash?: string;
  /** null: there was nothing to measure. */
  readonly of: (point: Point) => number | null;
  /** The jobs that were counted; null: they are not known. */
  readonly behind?: (point: Point) => ListSearch | null;
}
