import { describe, expect, it } from "vitest";
import { totalOf } from "./total";

const ALL = { status: [], flow: "", tag: "", q: "" } as const;

describe("the total of a list", () => {
  it.each([
    [[], { FAILED: 2, COMPLETED: 1_999 }, false, "2,001"],
    [["FAILED"], { FAILED: 2, COMPLETED: 1_999 }, false, "2"],
    [["FAILED", "PENDING"], { FAILED: 2 }, false, "2"],
    [[], { COMPLETED: 10_001 }, true, "more than 10,001"],
    [[], {}, false, "0"],
  ] as const)("of %j with %j, more: %j, is %s", (status, byStatus, more, shown) => {
    expect(totalOf({ ...ALL, status }, { byStatus, more, complete: true })).toBe(shown);
  });

  it("is not known before it was counted", () => {
    expect(totalOf(ALL, undefined)).toBeNull();
  });
});
