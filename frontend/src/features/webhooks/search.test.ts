import { expect, it } from "vitest";
import { isFiltered, readSearch, toFilter, toSearch } from "./search";

const ID = "0123456789abcdef01234567";

it.each<[Record<string, unknown>, object]>([
  [{}, {}],
  [{ state: "failed" }, { state: ["failed"] }],
  [{ state: ["FAILED", "pending", "failed", "nonsense"] }, { state: ["pending", "failed"] }],
  [
    { endpoint: ID, job: ` ${ID.toUpperCase()} ` },
    { endpoint: ID, job: ID },
  ],
  [{ endpoint: "none", job: `${ID}0`, state: "constructor" }, {}],
])("reads %j", (search, found) => {
  expect(readSearch(search)).toEqual(found);
});

it("round trips", () => {
  const search = readSearch({ state: ["failed"], job: ID });
  expect(toSearch(toFilter(search))).toEqual(search);
  expect([isFiltered(toFilter(search)), isFiltered(toFilter({}))]).toEqual([true, false]);
});
