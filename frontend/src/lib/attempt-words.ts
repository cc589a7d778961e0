/** After how many failed attempts a job fails. */
export function wordsForMaxAttempts(most: number): string {
  return `fails after ${most} failed ${most === 1 ? "attempt" : "attempts"}`;
}
