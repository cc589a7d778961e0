import { expect, it } from "vitest";

const sources = import.meta.glob<string>("/src/**/*.{ts,tsx}", {
  query: "?raw",
  import: "default",
  eager: true,
});

it("nothing scrolls smoothly by script, which the wish for reduced motion in base.css does not reach", () => {
  const smooth = Object.entries(sources).filter(([, text]) => /behavior:\s*"smooth"/.test(text));
  expect(Object.keys(sources).length).toBeGreaterThan(100);
  expect(smooth.map(([path]) => path)).toEqual([]);
});
