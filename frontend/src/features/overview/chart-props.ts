import { aboutMoney } from "@/lib/money";
import { number } from "@/lib/numbers";
import type { Measure } from "./measure";
import type { Point } from "./points";
import { duration } from "./words";

/** What the values are: a count, milliseconds, or millionths of the currency. */
export type Unit = "count" | "ms" | "money";

/** A value in words: as it is, in a table and beside the pointer. */
export const IN_WORDS = { count: number, ms: duration, money: aboutMoney } as const;

export interface ChartProps {
  kind: "bars" | "lines";
  /** What it shows, for those who do not see it. */
  label: string;
  points: readonly Point[];
  measures: readonly Measure[];
  unit: Unit;
  /** A period was pressed; `measure`: one of its bars. */
  onPick?: ((point: Point, measure: Measure | null) => void) | undefined;
}
