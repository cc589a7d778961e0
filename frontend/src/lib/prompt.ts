import { formatBytes, utf8Bytes } from "./bytes";

/** The server's limit, in bytes of UTF-8. */
export const MAX_PROMPT_BYTES = 512 * 1024;

/** Why the prompt is invalid, or null. An invalid prompt is not sent. */
export function promptProblem(prompt: string): string | null {
  if (prompt.trim() === "") return "The prompt must not be blank.";
  if (prompt.includes("\u0000")) return "The prompt contains a NUL character, which cannot be stored.";
  if (!prompt.isWellFormed()) return "The prompt contains a lone surrogate.";
  const bytes = utf8Bytes(prompt);
  if (bytes > MAX_PROMPT_BYTES) {
    return `The prompt is ${formatBytes(bytes)} long; at most ${formatBytes(MAX_PROMPT_BYTES)} are accepted.`;
  }
  return null;
}
