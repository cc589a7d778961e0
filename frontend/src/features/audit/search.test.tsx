import { expect, it } from "vitest";
import { exportAddress } from "@/api/audit";
import { isFiltered, readSearch, toFilter, toSearch } from "./search";

it.each<[Record<string, unknown>, object]>([
  [{}, {}],
  [
    { act: "refused", who: "abc" },
    { act: ["refused"], who: "abc" },
  ],
  [
    { act: ["refused", "refused", "nonsense"], outcome: ["done", "no"] },
    { act: ["refused"], outcome: ["done"] },
  ],
  [{ act: "toString", outcome: "constructor" }, {}],
  [{ since: "2026-11-24T10:00:00+01:00" }, { since: "2026-11-24T09:00:00.000Z" }],
  [{ since: "yesterday", until: "1960-01-01T00:00:00Z" }, {}],
  [{ who: "x".repeat(300) }, { who: "x".repeat(256) }],
  [{ what: "   " }, {}],
])("reads %j", (search, found) => {
  expect(readSearch(search)).toEqual(found);
});

it("round trips, and the export is of what is shown", () => {
  const search = readSearch({ act: ["refused", "signed_in"], who: "a b", until: "2026-11-24T10:00:00Z" });
  const filter = toFilter(search);
  expect(toSearch(filter)).toEqual(search);
  expect([isFiltered(filter), isFiltered(toFilter({}))]).toEqual([true, false]);
  expect(exportAddress(filter)).toBe(
    "/audit/export?act=refused&act=signed_in&who=a+b&until=2026-11-24T10%3A00%3A00.000Z",
  );
  expect(exportAddress(toFilter({}))).toBe("/audit/export");
});
