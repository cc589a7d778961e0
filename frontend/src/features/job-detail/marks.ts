import type { HistoryEvent } from "@/api/model";

/** Percent of the axis that the number of an attempt takes, on a phone too. */
const ROOM = 8;

/** `at`: in percent of the axis. `side`: of the number, on which its tick is. */
export interface Mark {
  readonly number: number | null;
  readonly at: number;
  readonly side: "left" | "right";
}

/** Where attempts began: as many as there is room for, the newest in any case. A single one needs no mark. */
export function marksOf(history: readonly HistoryEvent[], percentOf: (at: number) => number): Mark[] {
  const starts = history.filter(({ what }) => what === "started");
  if (starts.length < 2) return [];
  const marks: Mark[] = [];
  for (const { attempt, at: time } of starts.toReversed()) {
    const at = Math.min(100, Math.max(0, percentOf(time)));
    const next = marks[0];
    const room = next?.side === "right" ? 2 * ROOM : ROOM;
    if (next === undefined || next.at - at >= room) {
      // At the right end the number would be outside.
      marks.unshift({ number: attempt, at, side: at > 100 - ROOM ? "right" : "left" });
    }
  }
  return marks;
}
