import { describe, expect, it } from "vitest";
import { MAX_PROMPT_BYTES, promptProblem } from "./prompt";

describe("promptProblem", () => {
  it.each([
    ["nothing", ""],
    ["spaces and line ends", " \t\r\n "],
    ["Unicode spaces", "\u00a0\u2003\u3000"],
  ])("refuses %s as blank", (_name, prompt) => {
    expect(promptProblem(prompt)).toMatch(/blank/);
  });

  it("counts bytes, not characters", () => {
    const euros = Math.floor(MAX_PROMPT_BYTES / 3);
    expect(promptProblem("€".repeat(euros))).toBeNull();
    expect(promptProblem("€".repeat(euros + 1))).toMatch(/at most 512 KiB/);
  });

  it("takes exactly the limit and not one byte more", () => {
    expect(promptProblem("a".repeat(MAX_PROMPT_BYTES))).toBeNull();
    expect(promptProblem("a".repeat(MAX_PROMPT_BYTES + 1))).toMatch(/at most/);
  });

  it("refuses what cannot be sent as UTF-8", () => {
    expect(promptProblem("a\u0000b")).toMatch(/NUL/);
    expect(promptProblem("half \ud83d")).toMatch(/lone surrogate/);
    expect(promptProblem("whole 😀")).toBeNull();
  });
});
