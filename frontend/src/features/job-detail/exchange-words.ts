import type { Attempt } from "@/api/model";
import { formatBytes } from "@/lib/bytes";
import { formatDuration } from "@/lib/time";

export type Exchange = NonNullable<Attempt["exchange"]>;

/** What is told of a request beside where it went. */
export function wordsForRequest({ requestBytes, timeoutMs }: Exchange): string[] {
  const limit = `time limit ${formatDuration(timeoutMs)}`;
  return requestBytes === null ? [limit] : [formatBytes(requestBytes), limit];
}

/**
 * What came back for an attempt: the response to the request, and what ended the attempt later. `acceptedAt`: when the
 * processor accepted it; undefined: it did not, or that is no longer kept.
 */
export function wordsForAnswer(
  { startedAt, endedAt, end }: Pick<Attempt, "startedAt" | "endedAt" | "end">,
  { status, responseBytes, endedBy }: Exchange,
  acceptedAt: number | undefined,
): string[] {
  const words: string[] = [];
  const after = acceptedAt === undefined ? "" : ` after ${formatDuration(acceptedAt - startedAt)}`;
  if (status !== null) words.push(`HTTP ${status}${after}`);
  else if (acceptedAt !== undefined) words.push(`accepted${after}`);
  if (responseBytes !== null) words.push(formatBytes(responseBytes));
  if (endedBy === "callback" && endedAt !== null) {
    words.push(`callback after ${formatDuration(endedAt - startedAt)}`);
  }
  if (endedBy === "reconcile") words.push("found by a reconcile call");
  if (endedBy === "response" && status === null) words.push("returned");
  if (words.length === 0) words.push(end === null ? "none yet" : "none");
  else if (end === null && acceptedAt !== undefined) words.push("no callback yet");
  return words.map((text, index) => (index === 0 ? `${text.charAt(0).toUpperCase()}${text.slice(1)}` : text));
}
