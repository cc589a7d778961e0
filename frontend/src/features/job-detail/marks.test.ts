import { expect, it } from "vitest";
import type { HistoryEvent } from "@/api/model";
import { marksOf } from "./marks";

function marks(...starts: number[]): string[] {
  const history = starts.map((at, index): HistoryEvent => {
    return { at, what: "started", attempt: index + 1, detail: null };
  });
  return marksOf(history, (at) => at).map(({ number, at, side }) => `${number} at ${at} ${side}`);
}

it.each<[string, number[], string[]]>([
  ["a single attempt has no mark", [10], []],
  ["each has one where there is room", [0, 50], ["1 at 0 left", "2 at 50 left"]],
  ["the newest is marked in any case", [41, 45, 48], ["3 at 48 left"]],
  ["at the right end the number is left of its tick", [50, 95], ["1 at 50 left", "2 at 95 right"]],
  ["and takes room there", [85, 95], ["2 at 95 right"]],
  ["a clock that went back leaves no mark outside", [-20, 130], ["1 at 0 left", "2 at 100 right"]],
])("%s", (_, starts, expected) => {
  expect(marks(...starts)).toEqual(expected);
});
