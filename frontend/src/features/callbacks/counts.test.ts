import { expect, it } from "vitest";
import { countWords } from "./counts";

it.each([
  [undefined, undefined],
  [{}, "0"],
  [{ late: 7, different: 9 }, "7"],
  [{ late: 999 }, "999"],
  [{ late: 1_000 }, "1,000+"],
])("of %j late ones are said to be %s", (byVerdict, words) => {
  const counts = byVerdict === undefined ? undefined : { byVerdict, countedTo: 1_000 };
  expect(countWords(counts, "late")).toBe(words);
});
