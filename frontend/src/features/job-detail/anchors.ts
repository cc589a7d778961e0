import type { Attempt } from "@/api/model";

/** Anchor of the result. */
export const RESULT = "result";

/** Anchor of an attempt's partial answer. */
export function partialAnchor(attempt: Attempt): string {
  return `text-of-attempt-${attempt.number}`;
}
