import { expect, it } from "vitest";
import type { Status } from "@/lib/status";
import { blockedOn } from "./blocked";

it.each<[Status, string[]]>([
  ["PENDING", ["cancel", "replay"]],
  ["RUNNING", ["cancel", "replay"]],
  ["WAITING", ["cancel", "replay"]],
  ["COMPLETED", ["replay", "remove"]],
  ["FAILED", ["retry", "replay", "remove"]],
  ["CANCELLED", ["retry", "replay", "remove"]],
])("a job that is %s allows %j, and says why not the others", (status, allowed) => {
  const blocked = Object.entries(blockedOn({ status }, null));
  expect(blocked.filter(([, why]) => why === null).map(([action]) => action)).toEqual(allowed);
  for (const [, why] of blocked) expect(why).not.toBe("");
});

it.each<[Status, string]>([
  ["COMPLETED", "The job has completed."],
  ["FAILED", "The job has failed."],
  ["CANCELLED", "The job was cancelled."],
])("why a job that is %s cannot be cancelled is a sentence", (status, words) => {
  expect(blockedOn({ status }, null).cancel).toBe(words);
});

it("without a server nothing can be done", () => {
  const reasons = Object.values(blockedOn({ status: "FAILED" }, "The server cannot be reached."));
  expect(new Set(reasons)).toEqual(new Set(["The server cannot be reached."]));
});
