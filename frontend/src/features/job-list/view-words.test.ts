import { expect, it } from "vitest";
import { wordsForView } from "./view-words";

it.each([
  ["?status=FAILED", "Failed"],
  [
    "?status=failed&status=PENDING&flow=mail&tag=eu&q=in+voice",
    "Failed, Pending · flow mail · tag eu · in voice",
  ],
  ["?q=error%3Atimeout", "error:timeout"],
  ["?status=NONSENSE&other=1", "All jobs"],
  ["?", "All jobs"],
])("%s shows %s", (search, words) => expect(wordsForView(search)).toBe(words));
