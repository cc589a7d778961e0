import { describe, expect, it } from "vitest";
import { EMPTY, type FormValues, problemsOf, splitTags, toSubmission } from "./form-values";

const valid: FormValues = { ...EMPTY, prompt: "Summarise this." };

describe("problemsOf", () => {
  it("finds nothing wrong with a prompt alone", () => {
    expect(problemsOf(valid)).toEqual({});
  });

  it.each<[keyof FormValues, string, RegExp]>([
    ["prompt", "   ", /blank/],
    ["priority", "101", /from -100 to 100/],
    ["priority", "1.5", /whole number/],
    ["priority", "high", /Must be a number/],
    ["delaySeconds", "-1", /from 0/],
    ["delaySeconds", "1e99", /from 0/],
    ["maxAttempts", "0", /from 1/],
    ["tags", "x".repeat(65), /64 characters/],
    ["tags", Array.from({ length: 21 }, (_, i) => `t${i}`).join(","), /At most 20/],
    ["resultSchema", "{nonsense", /Not valid JSON/],
    ["resultSchema", "[1]", /is an object/],
    ["resultSchema", "null", /is an object/],
  ])("refuses %s = %s", (field, value, problem) => {
    expect(problemsOf({ ...valid, [field]: value })).toEqual({ [field]: expect.stringMatching(problem) });
  });

  it("takes the edges", () => {
    const edges = { priority: "-100", delaySeconds: "0.5", maxAttempts: "100", resultSchema: " {} " };
    expect(problemsOf({ ...valid, ...edges })).toEqual({});
  });
});

describe("toSubmission", () => {
  it("leaves out what was left empty", () => {
    expect(toSubmission(valid)).toEqual({ prompt: "Summarise this." });
  });

  it("sends a priority and a delay of 0, which are not the same as none", () => {
    expect(toSubmission({ ...valid, priority: "0", delaySeconds: "0" })).toEqual({
      prompt: "Summarise this.",
      priority: 0,
      delaySeconds: 0,
    });
  });

  it("keeps the prompt as typed, white space and all", () => {
    expect(toSubmission({ ...valid, prompt: " a\n" }).prompt).toBe(" a\n");
  });
});

it("tags are split at commas, trimmed, and said once", () => {
  expect(splitTags(" a, b c ,,a,")).toEqual(["a", "b c"]);
});
