/** What happens at the time of a `waitingOn`: "Times out" in 5 min. */
const WORDS: Readonly<Record<string, string>> = {
  callback: "Times out",
  processor: "Its lease ends",
  retry: "Starts",
  schedule: "Starts",
  again: "Starts",
  rate: "Starts",
  key_rate: "Starts",
  shared_rate: "Starts",
  shared_tokens: "Starts",
  over_budget: "Opens",
  rate_limited: "Opens",
  outage: "Next try",
  misconfigured: "Next try",
  out_of_credit: "Next try",
  refused: "Next try",
  no_flow: "Fails",
};

export function wordsForUntil(kind: string): string {
  return (Object.hasOwn(WORDS, kind) ? WORDS[kind] : undefined) ?? "Continues";
}

/** What is wrong, in addition to the processor's own message ("Connection refused"). */
const TROUBLE: Readonly<Record<string, string>> = {
  rate_limited: "The processor is rate limited.",
  outage: "The processor cannot be reached.",
  misconfigured: "The processor refuses the address, the credentials or an option of the flow.",
  out_of_credit: "The account behind the processor has no credit left.",
  refused: "The processor refuses this job, but accepts others.",
};

/** Troubles that only a person can end: more than a wait. */
const NEEDS_A_PERSON: ReadonlySet<string> = new Set(["misconfigured", "out_of_credit", "no_flow"]);

/** How a wait looks: as work (blue, as RUNNING), calm, as trouble that ends by itself, or that somebody must end. */
export function toneOfWait(kind: string): "news" | "wait" | "warn" | "bad" {
  if (kind === "processor") return "news";
  if (NEEDS_A_PERSON.has(kind)) return "bad";
  return kind === "outage" || kind === "refused" ? "warn" : "wait";
}

/** Null if nothing is wrong, or the kind is unknown: then the server's message is enough. */
export function troubleOf(kind: string): string | null {
  return (Object.hasOwn(TROUBLE, kind) ? TROUBLE[kind] : undefined) ?? null;
}
