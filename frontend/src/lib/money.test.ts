import { expect, it } from "vitest";
import { money, shortMoney } from "./money";

it.each([
  [0, "0.00"],
  [12, "0.000012"],
  [12_500, "0.0125"],
  [1_234_500_000, "1,234.50"],
  [987_654_321_000_001, "987,654,321.000001"],
])("writes %d micros as %s", (micros, text) => {
  expect(money(micros)).toBe(text);
});

it("is short on an axis", () => {
  expect(shortMoney(0)).toBe("0");
  expect(shortMoney(50_000)).toBe("0.05");
  expect(shortMoney(1_250_000_000)).toBe("1.25K");
});
