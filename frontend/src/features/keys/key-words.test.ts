import { expect, it } from "vitest";
import { stateOf, wordsForRate } from "./key-words";

const NOW = 1_000_000_000_000;
const DAY = 86_400_000;

it.each<[number | null, number | null, string, boolean]>([
  [null, null, "Active", false],
  [null, NOW + 8 * DAY, "Active", false],
  [null, NOW + 3 * DAY, "Ends in 3 d", false],
  [null, NOW, "Expired", true],
  [NOW - 1, null, "Revoked", true],
  [NOW - 1, NOW - DAY, "Revoked", true],
])("revoked at %s, with an end at %s: %s", (revokedAt, expiresAt, label, ended) => {
  const state = stateOf({ revokedAt, expiresAt }, NOW);
  expect([state.label, state.ended]).toEqual([label, ended]);
});

it.each([
  [null, "the default limit"],
  [1, "1 request / min"],
  [1200, "1,200 requests / min"],
])("a rate of %s reads %s", (rate, words) => expect(wordsForRate(rate)).toBe(words));
