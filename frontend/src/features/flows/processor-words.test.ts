import { expect, it } from "vitest";
import { wordsForProcessor } from "./processor-words";

it.each([
  ["http", "http: answers with the result"],
  ["webhook", "webhook: accepts a job and calls back"],
  ["azure-openai", "azure-openai: a model in Azure"],
  ["something-new", "something-new"],
  ["constructor", "constructor"],
])("a processor %s reads %s", (kind, words) => {
  expect(wordsForProcessor(kind)).toBe(words);
});
