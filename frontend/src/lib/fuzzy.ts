const BEGINNING = 4;
const WORD = 3;
const INSIDE = 2;

/**
 * How well a text fits what was typed: from 4 (begins with it) to above 0 (has its letters, with gaps); null if it does
 * not. Each typed word must fit somewhere; capitals do not matter.
 */
export function fitOf(text: string, typed: string): number | null {
  const lower = text.toLowerCase();
  const words = typed
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  let sum = 0;
  for (const word of words) {
    const one = fitOfWord(lower, word);
    if (one === null) return null;
    sum += one;
  }
  return words.length === 0 ? BEGINNING : sum / words.length;
}

function fitOfWord(text: string, word: string): number | null {
  if (text.startsWith(word)) return BEGINNING;
  let inside = false;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (beginsWord(text, at)) return WORD;
    inside = true;
  }
  return inside ? INSIDE : fitOfLetters(text, word);
}

/** The letters in their order, the first at the beginning of a word: "flws" in "flows", "nj" in "new job". */
function fitOfLetters(text: string, word: string): number | null {
  let fewest = Number.POSITIVE_INFINITY;
  for (let begin = 0; begin < text.length; begin += 1) {
    if (text[begin] === word[0] && beginsWord(text, begin))
      fewest = Math.min(fewest, gaps(text, word, begin));
  }
  // More gaps than letters: by chance.
  return fewest <= word.length ? 1 / (1 + fewest) : null;
}

/** How many letters are skipped; those before the beginning of a word do not count. */
function gaps(text: string, word: string, begin: number): number {
  let skipped = 0;
  let at = begin;
  for (const letter of word.slice(1)) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return Number.POSITIVE_INFINITY;
    if (!beginsWord(text, next)) skipped += next - at - 1;
    at = next;
  }
  return skipped;
}

function beginsWord(text: string, at: number): boolean {
  return at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? "");
}
