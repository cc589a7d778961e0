import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { parseExact } from "@/api/exact-json";
import { toJob } from "@/api/model";
import { wireJob } from "@/testing/job-factories";
import { curlOf } from "./curl";

/** What a real shell gives to the program. */
function words(command: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\nJOB_PROCESSOR_KEY=k\n${command}`;
  return execFileSync("sh", ["-c", script]).toString().split("\0").slice(0, -1);
}

describe("the command that submits a job again", () => {
  it.each([
    ["plain", "Summarise this."],
    ["quotes", `it's "so" $HOME \`id\` \\ !`],
    ["lines and signs", "two\nlines\té 😀 @file"],
  ])("has the prompt for the shell: %s", (_, prompt) => {
    const [method, post, address, header, type, data, body] = words(
      curlOf(toJob(wireJob({ prompt })), "http://it's.example/base", false),
    );
    expect([method, post, address]).toEqual(["-X", "POST", "http://it's.example/base/jobs"]);
    expect([header, type, data]).toEqual(["-H", "content-type: application/json", "-d"]);
    expect(JSON.parse(body ?? "")).toEqual({ prompt, flow: "mock", maxAttempts: 3 });
  });

  it("has what was asked for, numbers as they are, and a key where there is one", () => {
    const metadata = parseExact('{"order": 12345678901234567890}') as Record<string, unknown>;
    const job = toJob(wireJob({ priority: 5, tags: ["eu"], metadata, resultSchema: { type: "object" } }));
    const command = curlOf(job, "http://a", true);
    expect(words(command)).toContain("authorization: Bearer k");
    const body = words(command).at(-1);
    expect(body).toContain('"metadata":{"order":12345678901234567890}');
    expect(JSON.parse(body ?? "")).toMatchObject({
      priority: 5,
      tags: ["eu"],
      resultSchema: { type: "object" },
    });
  });
});
