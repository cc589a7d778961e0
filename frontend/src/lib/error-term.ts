import { withTerm } from "./search-term";

/** The search with the term of this error, in place of that of another. */
export function withErrorTerm(search: string, code: string): string {
  return withTerm(search, "error", code);
}
