import { expect, it } from "vitest";
import { aboutMoney, money, shortMoney } from "./money";

it.each([
  [0, "0.00"],
  [12, "0.000012"],
  [12_500, "0.0125"],
  [1_234_500_000, "1,234.50"],
  [987_654_321_000_001, "987,654,321.000001"],
])("writes %d micros as %s", (micros, text) => {
  expect(money(micros)).toBe(text);
});

it.each([
  [0, "0.00"],
  [1, "0.000001"],
  [1_240, "0.0012"],
  [50_000, "0.05"],
  [55_560, "0.056"],
  [275_979, "0.28"],
  [17_834_798, "17.83"],
  [1_234_567_890, "1,234.57"],
])("rounds %d micros to %s", (micros, text) => {
  expect(aboutMoney(micros)).toBe(text);
});

it("is short on an axis", () => {
  expect(shortMoney(0)).toBe("0");
  expect(shortMoney(50_000)).toBe("0.05");
  expect(shortMoney(100_000)).toBe("0.10");
  expect(shortMoney(2_000_000)).toBe("2.00");
  expect(shortMoney(1_250_000_000)).toBe("1.25K");
});
