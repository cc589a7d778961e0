/**
 * Formats valid JSON without parsing it to values.
 *
 * Numbers, escapes, the order of keys and duplicate keys stay exactly as sent: JavaScript cannot represent the number
 * 12345678901234567890. It is a loop, not a recursion, so depth cannot overflow the stack. A line is only where it
 * begins and ends in the text: its tokens are made when it is drawn, so that a big text costs little memory.
 */
export type TokenKind = "key" | "string" | "number" | "word" | "mark";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

export interface JsonLine {
  readonly from: number;
  readonly to: number;
  readonly depth: number;
}

export interface JsonLines {
  readonly lines: readonly JsonLine[];
  /** Of a line that opens an object or array: the number of the line that closes it. */
  readonly closes: ReadonlyMap<number, number>;
}

// A string, a bare word (number, true, false, null), or a punctuation mark. White space is skipped.
const TOKEN = /"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+|[{}[\],:]/gsu;
const TOKENS_IN_A_STEP = 20_000;

/** Finds the lines, and yields what it has found so far after each step, so that the caller can rest. */
export function* layOutJson(text: string): Generator<JsonLines, JsonLines> {
  const lines: JsonLine[] = [];
  const closes = new Map<number, number>();
  const open: number[] = [];
  let from = -1;
  let to = -1;
  let lineDepth = 0;
  let last = "";
  const breakLine = () => {
    if (from >= 0) lines.push({ from, to, depth: lineDepth });
    from = -1;
    lineDepth = open.length;
  };
  const take = (start: number, word: string) => {
    if (from < 0) from = start;
    to = start + word.length;
    last = word;
  };
  const found = text.matchAll(TOKEN);
  let current = found.next();
  for (let count = 1; !current.done; count += 1) {
    const word = current.value[0];
    const start = current.value.index;
    const following = found.next();
    const next = following.done ? undefined : following.value[0];
    if (word === "{" || word === "[") {
      take(start, word);
      open.push(lines.length);
      // An empty pair stays on its line.
      if (next !== "}" && next !== "]") breakLine();
    } else if (word === "}" || word === "]") {
      const opening = open.pop();
      if (last !== "{" && last !== "[") {
        breakLine();
        if (opening !== undefined) closes.set(opening, lines.length);
      }
      take(start, word);
    } else {
      take(start, word);
      if (word === ",") breakLine();
    }
    current = following;
    if (count % TOKENS_IN_A_STEP === 0) yield { lines, closes };
  }
  breakLine();
  return { lines, closes };
}

/** The tokens of one line, with the spaces that are shown between them. */
export function tokensOf(line: string): Token[] {
  const words = Array.from(line.matchAll(TOKEN), (match) => match[0]);
  return words.map((word, index) => ({
    kind: kindOf(word, words[index + 1]),
    text: word === ":" ? ": " : word,
  }));
}

function kindOf(word: string, next: string | undefined): TokenKind {
  if (/^[{}[\],:]$/.test(word)) return "mark";
  if (word.startsWith('"')) return next === ":" ? "key" : "string";
  return /^-?\d/.test(word) ? "number" : "word";
}
