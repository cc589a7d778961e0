import { expect, test } from "vitest";
import { basePathOf } from "./base-path";

test.each([
  ["", "/ui/", ""],
  ["/jobs-app", "/jobs-app/ui/", "/jobs-app"],
  ["/jobs-app", "/jobs-app/ui", "/jobs-app"],
  ["/jobs-app", "/jobs-app/ui/jobs/0123456789abcdef01234567", "/jobs-app"],
  ["/team/ui", "/team/ui/ui/flows", "/team/ui"],
  // On the server itself, without the proxy.
  ["/jobs-app", "/ui/jobs/0123456789abcdef01234567", ""],
  ["/jobs-app", "/jobs-app-2/ui/", ""],
])("the base path %j of a page at %j is %j", (given, pathname, expected) => {
  expect(basePathOf(given, pathname)).toBe(expected);
});
