import { expect, it } from "vitest";
import { madeBy } from "./made-by";

it("names who made a key as well as it is known", () => {
  const all = [{ id: "abcdefghij", name: "lead" }];
  expect(madeBy({ createdBy: "abcdefghij" }, all)).toBe("lead");
  expect(madeBy({ createdBy: "maja@example.com" }, all)).toBe("maja@example.com");
  expect(madeBy({ createdBy: "command" }, all)).toContain("command line");
});
