import { formatBytes, utf8Bytes } from "./bytes";

/** The server's limit, in bytes of UTF-8. */
export const MAX_PROMPT_BYTES = 512 * 1024;

/** What is wrong with a prompt, in words, or null. Whatever is refused here never reaches the server. */
export function promptProblem(prompt: string): string | null {
  if (prompt.trim() === "") return "Write a prompt first: a blank one cannot be processed.";
  if (prompt.includes("\u0000")) return "The prompt contains a NUL character, which cannot be stored.";
  if (!prompt.isWellFormed()) return "The prompt contains half a character (a lone surrogate).";
  const bytes = utf8Bytes(prompt);
  if (bytes > MAX_PROMPT_BYTES) {
    return `The prompt is ${formatBytes(bytes)} long; at most ${formatBytes(MAX_PROMPT_BYTES)} are accepted.`;
  }
  return null;
}
