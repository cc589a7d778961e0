import { expect, it } from "vitest";
import { parseLook, USUAL } from "./look";

it.each([null, "{nonsense", "null", "5", "[]", '{"density": 3, "columns": "all"}', '{"density": "tiny"}'])(
  "is the usual look where %s is stored",
  (text) => {
    expect(parseLook(text)).toEqual(USUAL);
  },
);

it("has the columns that are known, each once and in their order", () => {
  const columns = ["duration", "colour", "key", "key", null];
  expect(parseLook(JSON.stringify({ density: "compact", columns }))).toEqual({
    density: "compact",
    columns: ["key", "duration"],
  });
});

it("may have none of them", () => {
  expect(parseLook('{"columns": []}').columns).toEqual([]);
});
