import { expect, it } from "vitest";
import { failuresBehind, jobsBehind } from "./jobs-behind";

const FROM = Date.parse("2026-11-24T10:15:00.000Z");
const TO = FROM + 900_000;

it("finds what ended in a period, from its beginning to before its end", () => {
  expect(jobsBehind({ from: FROM, to: TO, flow: "" })).toEqual({
    status: ["COMPLETED", "FAILED", "CANCELLED"],
    q: "finished:>=2026-11-24T10:15Z finished:<2026-11-24T10:30Z",
  });
});

it("keeps flow, outcome and error", () => {
  expect(failuresBehind({ from: FROM, flow: "my flow" }, "bad")).toEqual({
    status: ["FAILED"],
    flow: "my flow",
    q: "error:bad finished:>=2026-11-24T10:15Z",
  });
});

it.each([
  [FROM + 1_000, "2026-11-24T10:15:01Z"],
  [FROM + 1, "2026-11-24T10:15:00.001Z"],
])("writes each time as the search reads it", (from, text) => {
  expect(jobsBehind({ from, flow: "" }).q).toBe(`finished:>=${text}`);
});
