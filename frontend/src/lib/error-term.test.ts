import { describe, expect, it } from "vitest";
import { withErrorTerm } from "./error-term";

describe("the search of a group of failures", () => {
  it.each([
    ["", "callback_overdue", "error:callback_overdue"],
    ["words", "http_500", "error:http_500 words"],
    ["error:other words", "x", "error:x words"],
    ['a error:"b c" d', "x", "error:x a d"],
    ['"an error:x in words" b', "y", 'error:y "an error:x in words" b'],
    ['error:"b c",d e', "x", "error:x e"],
    ["Error:other -error:z", "x", "error:x -error:z"],
    ['"no end error:y', "x", 'error:x "no end'],
    ["", "line\u0085two", 'error:"line\u0085two"'],
    ["", "日本:a/b.c-d", "error:日本:a/b.c-d"],
    ["", 'odd "code', 'error:"odd \\"code"'],
    ["", "a,b", 'error:"a,b"'],
  ])("of %j with %j is %j", (search, code, expected) => {
    expect(withErrorTerm(search, code)).toBe(expected);
  });
});
