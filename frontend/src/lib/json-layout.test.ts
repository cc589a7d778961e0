import { describe, expect, it } from "vitest";
import { layOutJson } from "./json-layout";

function pretty(text: string, limit = 1000): string {
  return layOutJson(text, limit)
    .lines.map((line) => "  ".repeat(line.depth) + line.tokens.map((token) => token.text).join(""))
    .join("\n");
}

describe("layOutJson", () => {
  it("agrees with JSON.stringify where JavaScript can hold the values", () => {
    const value = { a: [1, 2.5, -3], b: {}, c: [], "d e": { f: null, g: [true, false, ['", \\ {}']] } };
    expect(pretty(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2));
    expect(pretty(JSON.stringify(value, null, "\t"))).toBe(JSON.stringify(value, null, 2));
  });

  it("keeps big integers, long fractions and exponents digit for digit", () => {
    const text = '{"id":12345678901234567890,"pi":3.14159265358979323846264338,"e":1E400,"z":-0}';
    for (const exact of ["12345678901234567890", "3.14159265358979323846264338", "1E400", "-0"]) {
      expect(pretty(text)).toContain(exact);
    }
  });

  it("keeps duplicate keys and escapes as they were sent", () => {
    expect(pretty('{"a":1,"a":2,"\\u0061":"\\ud83d\\ude00"}')).toBe(
      '{\n  "a": 1,\n  "a": 2,\n  "\\u0061": "\\ud83d\\ude00"\n}',
    );
  });

  it("survives any depth", () => {
    const depth = 100_000;
    const { lines, complete } = layOutJson("[".repeat(depth) + "]".repeat(depth), 50);
    expect(lines).toHaveLength(50);
    expect(complete).toBe(false);
  });

  it("cuts at the limit and says so", () => {
    expect(layOutJson("[1,2,3]", 2).complete).toBe(false);
    expect(layOutJson("[1,2,3]", 5)).toMatchObject({ complete: true });
  });

  it("tells keys from strings", () => {
    const kinds = layOutJson('{"k":"v"}', 10).lines.flatMap((line) => line.tokens.map((token) => token.kind));
    expect(kinds).toEqual(["mark", "key", "mark", "string", "mark"]);
  });

  it.each(["", "not json", '{"a', "]]]", "\u0000", ",,,:"])("does not break on %j", (text) => {
    expect(() => layOutJson(text, 10)).not.toThrow();
  });
});
