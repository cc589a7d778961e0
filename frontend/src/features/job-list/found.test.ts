import { expect, it } from "vitest";
import type { Snippet } from "@/api/model";
import { foundIn } from "./found";

const snippet = (field: string, ...texts: string[]): Snippet => ({
  field,
  pieces: texts.map((text) => ({ text: text.replace("*", ""), found: text.startsWith("*") })),
});
const BEGINNING = snippet("prompt", "an ", "*invoice");
const FAR = snippet("prompt", "…", "an ", "*invoice");
const RESULT = snippet("result", "*invoice", " 7");

it.each([
  [[], null, null],
  [[BEGINNING], BEGINNING, null],
  [[FAR], null, FAR],
  [[RESULT], null, RESULT],
  [[BEGINNING, RESULT], BEGINNING, RESULT],
  [[FAR, RESULT], null, FAR],
])("is shown in the prompt, or below it %#", (snippets, prompt, below) => {
  expect(foundIn({ snippets })).toEqual({ prompt, below });
});

it("rows without a search have none", () => {
  expect(foundIn({})).toEqual({ prompt: null, below: null });
});
