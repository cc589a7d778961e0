/** The search with the term of this error, in place of that of another. */
export function withErrorTerm(search: string, code: string): string {
  const value = /^[^\s",<>=-][^\s",]*$/.test(code)
    ? code
    : `"${code.replace(/[\\"]/g, (char) => `\\${char}`)}"`;
  const others = search.replace(/(^|\s)error:("([^"\\]|\\.)*"|\S*)/g, " ").trim();
  return `error:${value} ${others}`.trim();
}
