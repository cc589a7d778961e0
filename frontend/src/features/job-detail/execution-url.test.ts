import { expect, it } from "vitest";
import { toFlow } from "@/api/model";
import { wireFlow } from "@/testing/flow-factories";
import { executionUrl } from "./execution-url";

const BASE = "https://n8n.example/workflow/7/executions";
const flows = [
  toFlow(wireFlow({ name: "n8n", executionsUrl: BASE })),
  toFlow(wireFlow({ name: "plain" })),
  toFlow(wireFlow({ name: "odd", executionsUrl: "javascript:alert(1)//" })),
];

it.each([
  ["n8n", "48190", `${BASE}/48190`],
  ["n8n", "..", null],
  ["n8n", "1/../../x", null],
  ["n8n", "1?x=y", null],
  ["n8n", "", null],
  ["n8n", "1".repeat(65), null],
  ["plain", "48190", null],
  ["odd", "48190", null],
  ["gone", "48190", null],
])("the execution of flow %s with the id %j is at %j", (flow, id, url) => {
  expect(executionUrl(flows, flow, id)).toBe(url);
});

it("is not known before the flows are", () => {
  expect(executionUrl(undefined, "n8n", "48190")).toBeNull();
});
