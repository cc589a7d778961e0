import { expect, it } from "vitest";
import { holdBack } from "./arrivals";

const jobs = ["5", "4", "3"].map((id) => ({ id }));

it("shows everything to those at the top", () => {
  expect(holdBack(jobs, null)).toEqual({ shown: jobs, arrived: 0 });
});

it("holds back and counts what came after the newest that was seen", () => {
  expect(holdBack(jobs, "3")).toEqual({ shown: [{ id: "3" }], arrived: 2 });
  expect(holdBack(jobs, "5")).toEqual({ shown: jobs, arrived: 0 });
});
