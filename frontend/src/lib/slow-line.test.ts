import { afterEach, expect, it, vi } from "vitest";
import { isSlowLine } from "./slow-line";

afterEach(() => vi.unstubAllGlobals());

it.each([
  [{}, false],
  [{ connection: { effectiveType: "4g", saveData: false } }, false],
  [{ connection: { effectiveType: "3g" } }, true],
  [{ connection: { effectiveType: "4g", saveData: true } }, true],
])("of %j: %s", (navigator, slow) => {
  vi.stubGlobal("navigator", navigator);
  expect(isSlowLine()).toBe(slow);
});
