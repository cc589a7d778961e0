import { expect, it } from "vitest";
import { nextCursor } from "./next-cursor";

it.each([
  ['</jobs?limit=50&cursor=abc>; rel="next"', "abc"],
  ["<http://elsewhere:3000/jobs?cursor=a%2Bb%3D>; rel=next", "a+b="],
  ['</jobs?cursor=p>; rel="prev", </jobs?cursor=n>; rel="next"', "n"],
  ['</jobs?cursor=p>; rel="prev"', null],
  ["</jobs>; rel=next", null],
  ["", null],
  [null, null],
  ["nonsense", null],
])("the next page of %j is %j", (link, cursor) => {
  expect(nextCursor(link)).toBe(cursor);
});
