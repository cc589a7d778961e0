import { expect, it } from "vitest";
import { wordsForLane } from "./lane-words";

const lane = { detail: null, until: null };

it.each([
  ["open", null, "Open", /as they come/],
  ["paused", null, "Paused", /resumed/],
  ["closed", "rate_limited", "Closed", /asked for a pause/],
  ["closed", "outage", "Closed", /nothing fails/],
  ["closed", "misconfigured", "Closed", /credentials/],
  ["closed", "something_new", "Closed", /Nothing is handed over/],
  ["closed", "constructor", "Closed", /Nothing is handed over/],
  ["new_state", null, "new_state", /^$/],
])("a lane that is %s (%s) reads %s", (state, kind, title, meaning) => {
  const words = wordsForLane({ ...lane, state, kind });
  expect(words.title).toBe(title);
  expect(words.meaning).toMatch(meaning);
});
