import { expect, it } from "vitest";
import type { Right } from "@/api/model";
import { may } from "@/api/session";
import { wordsForMissing } from "./words";

it.each<[Right[], Right[]]>([
  [[], []],
  [["read"], ["read"]],
  [["submit"], ["submit"]],
  [["operate"], ["read", "operate"]],
  [["admin"], ["read", "submit", "operate", "admin"]],
])("who has %j may %j", (rights, allowed) => {
  const all: Right[] = ["read", "submit", "operate", "admin"];
  expect(all.filter((right) => may({ rights }, right))).toEqual(allowed);
});

it.each<[Right[], string]>([
  [[], "This needs the right admin; you have none."],
  [["submit"], "This needs the right admin; you have submit."],
  [["operate", "submit", "read"], "This needs the right admin; you have read, submit and operate."],
])("with %j says: %s", (rights, words) => {
  expect(wordsForMissing("admin", { rights })).toBe(words);
});
