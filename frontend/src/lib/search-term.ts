/** A part of a search: a word, words in quotes, or a term whose values may be in quotes. */
const PART = /(?:"(?:[^"\\]|\\[\s\S])*"|\S)+/g;
/** What needs no quotes: less than the server takes, whose idea of a space is not quite a browser's. */
const PLAIN = /^[\p{L}\p{N}_][\p{L}\p{N}_.:/@+-]*$/u;

/** The search with this term, in place of others of the same name. */
export function withTerm(search: string, name: string, text: string): string {
  const value = PLAIN.test(text) ? text : `"${text.replace(/[\\"]/g, (char) => `\\${char}`)}"`;
  const parts = search.match(PART) ?? [];
  const others = parts.filter((part) => !part.toLowerCase().startsWith(`${name}:`));
  return [`${name}:${value}`, ...others].join(" ");
}
