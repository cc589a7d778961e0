import { describe, expect, it } from "vitest";
import { fitOf } from "./fuzzy";

const NAMES = ["Jobs", "Flows", "Callbacks", "Batches", "Webhooks", "API keys", "New job", "Pause invoices"];

function best(typed: string): string[] {
  return NAMES.flatMap((name) => {
    const score = fitOf(name, typed);
    return score === null ? [] : [{ name, score }];
  })
    .toSorted((a, b) => b.score - a.score)
    .map(({ name }) => name);
}

describe("fuzzy", () => {
  it.each([
    ["jobs", ["Jobs"]],
    ["JOB", ["Jobs", "New job"]],
    ["keys", ["API keys"]],
    ["hook", ["Webhooks"]],
    ["flws", ["Flows"]],
    ["nj", ["New job"]],
    ["clbk", ["Callbacks"]],
    ["job new", ["New job"]],
    ["pa in", ["Pause invoices"]],
    ["zebra", []],
    ["ss", []],
    ["new zebra", []],
  ])("%s finds %j", (typed, found) => expect(best(typed)).toEqual(found));

  it.each(["", "  "])("nothing typed (%j) finds all, in their order", (typed) =>
    expect(best(typed)).toEqual(NAMES),
  );

  it("ranks a beginning above a word, a word above its inside, and all above single letters", () => {
    const scores = ["flow list", "the flow", "overflow", "f-l-o-w"].map((text) => fitOf(text, "flow") ?? 0);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    expect(new Set(scores).size).toBe(scores.length);
  });

  it("takes characters of expressions for what they are", () => {
    expect(fitOf("a(b", "(b")).not.toBeNull();
    expect(fitOf("plain", ".*")).toBeNull();
  });
});
