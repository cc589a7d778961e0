import { expect, it } from "vitest";
import { parseExact, stringifyExact } from "./exact-json";

it.each([
  '{"id":12345678901234567890}',
  "[0.1234567890123456789,1e400,-9007199254740993]",
  '{"a":[1,2.5,"12345678901234567890",null,true]}',
])("what goes in comes out, digit for digit: %s", (text) => {
  expect(stringifyExact(parseExact(text))).toBe(text);
});

it("numbers that JavaScript can hold are numbers", () => {
  expect(parseExact('{"a":1,"b":1234567890123456789}')).toMatchObject({ a: 1 });
});
