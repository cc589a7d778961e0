/** The search with this term, in place of others of the same name. */
export function withTerm(search: string, name: string, text: string): string {
  const value = /^[^\s",<>=-][^\s",]*$/.test(text)
    ? text
    : `"${text.replace(/[\\"]/g, (char) => `\\${char}`)}"`;
  const others = search.replace(new RegExp(`(^|\\s)${name}:("([^"\\\\]|\\\\.)*"|\\S*)`, "g"), " ").trim();
  return `${name}:${value} ${others}`.trim();
}
