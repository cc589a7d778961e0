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
  out_of_credit: "Tried again",
  refused: "Tried again",
  no_flow: "Fails",
};

export function wordsForUntil(kind: string): string {
  return (Object.hasOwn(WORDS, kind) ? WORDS[kind] : undefined) ?? "Goes on";
}

/** What is wrong, where the processor's own words ("Connection refused") would leave that open. */
const TROUBLE: Readonly<Record<string, string>> = {
  rate_limited: "The processor asked for a pause.",
  outage: "The processor cannot be reached.",
  misconfigured: "The processor refuses the address, the credentials or an option of the flow.",
  out_of_credit: "The account behind the processor has no credit left.",
  refused: "The processor refuses this job, and others get through.",
};

/** Null where nothing is wrong, or nothing that is known here: then the words of the server say it all. */
export function troubleOf(kind: string): string | null {
  return (Object.hasOwn(TROUBLE, kind) ? TROUBLE[kind] : undefined) ?? null;
}
