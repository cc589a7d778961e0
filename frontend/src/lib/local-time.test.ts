import { expect, it } from "vitest";
import { fromLocal, toLocal } from "./local-time";

it.each(["", "2026-11-24", "2026-11-24T10", "2026-13-24T10:00", "24.11.2026 10:00"])(
  "%j is no time",
  (text) => {
    expect(fromLocal(text)).toBeNull();
  },
);

it("is the reader's own time, there and back", () => {
  const at = new Date(2026, 10, 4, 9, 5).getTime();
  expect(toLocal(at)).toBe("2026-11-04T09:05");
  expect(fromLocal("2026-11-04T09:05")).toBe(at);
  expect(fromLocal("2026-11-04T09:05:30")).toBe(at + 30_000);
  expect(toLocal(Number.NaN)).toBe("");
});
