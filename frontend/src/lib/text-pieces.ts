/** A part of a text that is drawn at once: whole lines, or a part of a very long one. */
export interface Piece {
  readonly from: number;
  /** Where it ends, without the line's end. */
  readonly to: number;
  /** Where the next piece begins. */
  readonly next: number;
  /** Whether the line goes on in the next piece. */
  readonly isCut: boolean;
  /** About how many lines it fills. */
  readonly lines: number;
}

/** Enough that a page of them is few, and so little that one is drawn at once. */
const LENGTH = 2_000;
const LINES = 20;
const LONGEST_LINE = 4_000;
/** About so many characters fit into a line of the window. */
const WIDTH = 100;

/** The pieces of a text; together they are all of it. An empty text is one empty piece. */
export function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  do {
    let to = from;
    let next = from;
    let lines = 0;
    for (; lines < LINES && (lines === 0 || next < text.length); lines += 1) {
      const end = text.indexOf("\n", next);
      const lineEnd = end < 0 ? text.length : end;
      if (lines > 0 && lineEnd - from > LENGTH) break;
      to = lineEnd;
      next = end < 0 ? text.length : end + 1;
    }
    const isCut = to - from > LONGEST_LINE;
    if (isCut) to = next = cutAt(text, from + LONGEST_LINE);
    pieces.push({ from, to, next, isCut, lines: Math.max(lines, Math.ceil((to - from) / WIDTH)) });
    from = next;
  } while (from < text.length);
  return pieces;
}

/** Not between the two halves of a character beyond U+FFFF. */
function cutAt(text: string, index: number): number {
  return /[\udc00-\udfff]/.test(text.charAt(index)) ? index - 1 : index;
}
