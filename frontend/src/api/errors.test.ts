import { expect, it } from "vitest";
import { ApiError, messageOf, UnreachableError } from "./errors";

it.each([
  [new ApiError(500, { detail: "It broke.", requestId: "r7" }), "It broke. Request r7."],
  [new ApiError(503, { detail: "The disk is full.", requestId: "r7" }), "The disk is full. Request r7."],
  [new ApiError(502, {}), "The server answered 502."],
  [new ApiError(422, { detail: "prompt must not be blank", requestId: "r7" }), "prompt must not be blank"],
  [new UnreachableError(null), "The server cannot be reached."],
  ["text", "text"],
])("a fault of the server is told with the id of the request: %s", (error, words) => {
  expect(messageOf(error)).toBe(words);
});
