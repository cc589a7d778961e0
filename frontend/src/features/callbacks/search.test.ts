import { expect, it } from "vitest";
import { parseSearch, stringifySearch } from "@/lib/search-params";
import { readSearch } from "./search";

it.each<[string, string]>([
  ["?verdict=late&verdict=different", "?verdict=late&verdict=different"],
  ["?verdict=LATE&verdict=late", "?verdict=late"],
  ["?verdict=exploded&verdict=constructor&status=FAILED", ""],
  ["?verdict", ""],
  ["", ""],
])("the address %s is understood as %s", (address, understood) => {
  expect(stringifySearch({ ...readSearch(parseSearch(address)) })).toBe(understood);
});
