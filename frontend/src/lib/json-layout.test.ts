import { describe, expect, it } from "vitest";
import { type JsonLines, layOutJson, tokensOf } from "./json-layout";

function whole(text: string): JsonLines & { steps: number } {
  const found = layOutJson(text);
  for (let steps = 1; ; steps += 1) {
    const { value, done } = found.next();
    if (done) return { ...value, steps };
  }
}

function pretty(text: string): string {
  return whole(text)
    .lines.map(({ from, to, depth }) => {
      const tokens = tokensOf(text.slice(from, to)).map((token) => token.text);
      return "  ".repeat(depth) + tokens.join("");
    })
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
    const { lines, closes } = whole("[".repeat(depth) + "]".repeat(depth));
    // The innermost pair is empty, and so on one line.
    expect(lines).toHaveLength(2 * depth - 1);
    expect(closes.get(0)).toBe(2 * depth - 2);
  });

  it("rests in between in a big text, and finds the same", () => {
    const values = Array.from({ length: 30_000 }, (_, number) => ({ number }));
    const text = JSON.stringify(values);
    expect(whole(text).steps).toBeGreaterThan(5);
    expect(pretty(text)).toBe(JSON.stringify(values, null, 2));
  });

  it("knows which line closes which", () => {
    const { lines, closes } = whole('{"a":[1,{"b":{}}],"c":2}');
    const text = '{"a":[1,{"b":{}}],"c":2}';
    const pairs = Array.from(closes, (pair) =>
      pair.map((line) => text.slice(lines[line]?.from, lines[line]?.to)),
    );
    expect(pairs).toEqual([
      ["{", "}"],
      ['"a":[', "],"],
      ["{", "}"],
    ]);
  });

  it("tells keys from strings", () => {
    const kinds = tokensOf('{"k": "v"}').map((token) => token.kind);
    expect(kinds).toEqual(["mark", "key", "mark", "string", "mark"]);
  });

  it.each(["", "not json", '{"a', "]]]", "\u0000", ",,,:"])("does not break on %j", (text) => {
    expect(() => pretty(text)).not.toThrow();
  });
});
