/**
 * Formats valid JSON without parsing it to values.
 *
 * Numbers, escapes, the order of keys and duplicate keys stay exactly as sent: JavaScript cannot represent the number
 * 12345678901234567890. It is a loop, not a recursion, so depth cannot overflow the stack.
 */
export type TokenKind = "key" | "string" | "number" | "word" | "mark";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

export interface Line {
  readonly depth: number;
  readonly tokens: readonly Token[];
}

// A string, a bare word (number, true, false, null), or a punctuation mark. White space is skipped.
const TOKEN = /"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+|[{}[\],:]/gsu;

/** At most `limit` lines; `complete` says whether there are no more. */
export function layOutJson(text: string, limit: number): { lines: Line[]; complete: boolean } {
  const lines: Line[] = [];
  let depth = 0;
  let tokens: Token[] = [];
  let lineDepth = 0;
  const breakLine = () => {
    if (tokens.length > 0) lines.push({ depth: lineDepth, tokens });
    tokens = [];
    lineDepth = depth;
  };
  const found = text.matchAll(TOKEN);
  let current = found.next();
  while (!current.done) {
    if (lines.length >= limit) return { lines, complete: false };
    const word = current.value[0];
    const following = found.next();
    const next = following.done ? undefined : following.value[0];
    if (word === "{" || word === "[") {
      tokens.push({ kind: "mark", text: word });
      depth += 1;
      // An empty pair stays on its line.
      if (next !== "}" && next !== "]") breakLine();
    } else if (word === "}" || word === "]") {
      depth = Math.max(0, depth - 1);
      const last = tokens.at(-1)?.text;
      if (last !== "{" && last !== "[") breakLine();
      tokens.push({ kind: "mark", text: word });
    } else if (word === ",") {
      tokens.push({ kind: "mark", text: "," });
      breakLine();
    } else if (word === ":") {
      tokens.push({ kind: "mark", text: ": " });
    } else {
      tokens.push({ kind: kindOf(word, next), text: word });
    }
    current = following;
  }
  breakLine();
  return { lines, complete: true };
}

function kindOf(word: string, next: string | undefined): TokenKind {
  if (word.startsWith('"')) return next === ":" ? "key" : "string";
  return /^-?\d/.test(word) ? "number" : "word";
}
