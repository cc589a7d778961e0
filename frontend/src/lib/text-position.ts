/**
 * The server counts characters as code points, and lines by "\n"; JavaScript counts UTF-16 units.
 * These functions convert positions.
 */

/** The UTF-16 index of a line and column, both from 1; null if the text has no such position. */
export function indexOfLineColumn(text: string, line: number, column: number): number | null {
  let start = 0;
  for (let current = 1; current < line; current += 1) {
    const end = text.indexOf("\n", start);
    if (end === -1) return null;
    start = end + 1;
  }
  return indexOfCodePoint(text, column - 1, start);
}

/** The UTF-16 index of the code point `position` after `from`; null if the text is shorter. */
export function indexOfCodePoint(text: string, position: number, from = 0): number | null {
  let index = from;
  for (let seen = 0; seen < position; seen += 1) {
    const point = text.codePointAt(index);
    if (point === undefined) return null;
    index += point > 0xffff ? 2 : 1;
  }
  return index <= text.length ? index : null;
}

/** The whole character at an index: a surrogate pair is not split. */
export function characterAt(text: string, index: number): string {
  const point = text.codePointAt(index);
  return point === undefined ? "" : String.fromCodePoint(point);
}
