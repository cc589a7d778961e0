/** What happens when the time of a `waitingOn` has come: a bare "in 5 min" would leave that open. */
const WORDS: Readonly<Record<string, string>> = {
  callback: "Times out",
  processor: "Its lease ends",
  retry: "Starts",
  schedule: "Starts",
  rate: "Has a place",
  rate_limited: "Opens",
  outage: "Tried again",
  misconfigured: "Tried again",
};

export function wordsForUntil(kind: string): string {
  return (Object.hasOwn(WORDS, kind) ? WORDS[kind] : undefined) ?? "Goes on";
}
