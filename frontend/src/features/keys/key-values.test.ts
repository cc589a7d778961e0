import { expect, it } from "vitest";
import { toLocal } from "@/lib/local-time";
import { EMPTY, type KeyValues, problemsOf, toRequest } from "./key-values";

const NOW = Date.parse("2026-11-24T10:00:00.000Z");
const FILLED: KeyValues = { ...EMPTY, name: " nightly import " };

it.each<[string, Partial<KeyValues>, Partial<KeyValues>]>([
  ["a name is wanted", { name: "  " }, { name: "Give the key a name." }],
  ["a name has an end", { name: "n".repeat(101) }, { name: "At most 100 characters." }],
  ["a key without rights is none", { rights: "" }, { rights: "Choose at least one right." }],
  ["some flows are at least one", { scope: "some" }, { flows: "Choose at least one flow." }],
  ["flows do not count where all are meant", { flows: "a" }, {}],
  ["a date is wanted where one is promised", { ends: "date" }, { date: "Choose a date and a time." }],
  ["half a date is none", { ends: "date", date: "2030-01-01" }, { date: "Choose a date and a time." }],
  ["an end lies ahead", { ends: "date", date: toLocal(NOW) }, { date: "Choose a time in the future." }],
  ["a rate is a number", { rate: "ten" }, { rate: "A whole number from 1 to 1,000,000." }],
  ["a rate is whole", { rate: "1.5" }, { rate: "A whole number from 1 to 1,000,000." }],
  ["a rate is not nothing", { rate: "0" }, { rate: "A whole number from 1 to 1,000,000." }],
  ["a rate may be left out", { rate: " " }, {}],
])("%s", (_what, changes, problems) => {
  expect(problemsOf({ ...FILLED, ...changes }, NOW)).toEqual(problems);
});

it.each<[Partial<KeyValues>, object]>([
  [{}, { rights: ["read", "submit"], expiresAt: "2027-02-22T10:00:00.000Z" }],
  [{ ends: "never" }, { rights: ["read", "submit"] }],
  [
    { ends: "date", date: toLocal(NOW + 3_600_000) },
    { rights: ["read", "submit"], expiresAt: "2026-11-24T11:00:00.000Z" },
  ],
  [
    { ends: "never", rights: "admin", scope: "some", flows: "a b", rate: "60" },
    { rights: ["admin"], flows: ["a", "b"], ratePerMinute: 60 },
  ],
  // Chosen flows do not limit a key that is for all.
  [{ ends: "never", flows: "a b" }, { rights: ["read", "submit"] }],
])("the request for %j", (changes, request) => {
  expect(toRequest({ ...FILLED, ...changes }, NOW)).toEqual({ name: "nightly import", ...request });
});
