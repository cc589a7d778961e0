import { isSafeNumber, LosslessNumber, parse } from "lossless-json";

/**
 * JSON.parse, except that numbers which JavaScript cannot represent exactly are kept as text (LosslessNumber).
 * For answers with users' JSON: metadata, schemas, differences between results.
 */
export function parseExact(text: string): unknown {
  return RISKY.test(text) ? parse(text, undefined, number) : JSON.parse(text);
}

// Few answers have such a number, and the browser's own parser is far faster.
const RISKY = /\d{16}|\d[eE]/;

function number(text: string): number | LosslessNumber {
  return isSafeNumber(text) ? Number.parseFloat(text) : new LosslessNumber(text);
}

/** The JSON text of a value from `parseExact`. */
export { stringify as stringifyExact } from "lossless-json";
