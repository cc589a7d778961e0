import { describe, expect, it } from "vitest";
import { withErrorTerm } from "./error-term";

describe("the search of a group of failures", () => {
  it.each([
    ["", "callback_overdue", "error:callback_overdue"],
    ["words", "http_500", "error:http_500 words"],
    ["error:other words", "x", "error:x words"],
    ['a error:"b c" d', "x", "error:x a  d"],
    ["", 'odd "code', 'error:"odd \\"code"'],
    ["", "a,b", 'error:"a,b"'],
  ])("of %j with %j is %j", (search, code, expected) => {
    expect(withErrorTerm(search, code)).toBe(expected);
  });
});
