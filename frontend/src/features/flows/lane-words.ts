import type { Flow, Lane } from "@/api/model";
import type { Tone } from "@/components/tone-badge";
import { aboutMoney, money } from "@/lib/money";
import { number, percent } from "@/lib/numbers";

export interface LaneWords {
  readonly title: string;
  readonly tone: Tone;
  /** What it means for the flow's jobs. */
  readonly meaning: string;
}

/** Amber: it ends by itself. Red: a person must do something. */
const KINDS: Readonly<Record<string, LaneWords>> = {
  over_budget: {
    title: "Over budget",
    tone: "amber",
    meaning: "Today's cost of the flow has reached its budget, so no job is sent.",
  },
  rate_limited: { title: "Rate limited", tone: "amber", meaning: "The processor is rate limited." },
  outage: {
    title: "Unreachable",
    tone: "amber",
    meaning: "The processor cannot be reached. No job fails because of it.",
  },
  misconfigured: {
    title: "Misconfigured",
    tone: "red",
    meaning: "The processor refuses the address, the credentials or an option of this flow.",
  },
  out_of_credit: {
    title: "Out of credit",
    tone: "red",
    meaning: "The account behind the processor has no credit left. No attempt is counted.",
  },
};
const CLOSED: LaneWords = { title: "Closed", tone: "red", meaning: "No jobs are sent for now." };

export function wordsForLane(lane: Lane): LaneWords {
  switch (lane.state) {
    case "open":
      return { title: "Open", tone: "green", meaning: "Jobs are sent to the processor as they arrive." };
    case "paused":
      return {
        title: "Paused",
        tone: "amber",
        meaning: "A person paused the flow. Jobs wait until it is resumed.",
      };
    case "closed":
      return (lane.kind !== null && Object.hasOwn(KINDS, lane.kind) ? KINDS[lane.kind] : undefined) ?? CLOSED;
    case "removed":
      return {
        title: "Removed",
        tone: "red",
        meaning: "The flow is no longer in flows.toml. Its jobs wait until it is back.",
      };
    default:
      return { title: lane.state, tone: "gray", meaning: "" };
  }
}

export function wordsForFlow(flow: Flow): LaneWords {
  const words = wordsForLane(flow.lane);
  if (flow.lane.state === "open" && (budgetUsed(flow) ?? 0) >= NEARLY_USED) {
    return {
      title: "Budget nearly used",
      tone: "amber",
      meaning: "At least 80 % of today's budget is used. At 100 %, no job is sent until the next day (UTC).",
    };
  }
  if (flow.lane.state !== "open" || flow.concurrency === null || flow.inFlight < flow.concurrency)
    return words;
  return {
    title: "Full",
    tone: "blue",
    meaning: "The concurrency limit is reached. The next job is sent when an attempt ends.",
  };
}

export function wordsForConcurrency(flow: Flow): string {
  return flow.concurrency === null ? "no limit" : `${flow.inFlight} of ${flow.concurrency} in use`;
}

/** Not torn at the end of a line. */
const PER_MINUTE = "\u00a0/\u00a0min";

/** The limits of each key; null if there are none. */
export function wordsForKeyLimits({ concurrencyPerKey, ratePerKey, keysAtLimit }: Flow): string | null {
  const limits = [
    ...(concurrencyPerKey === null ? [] : [`${concurrencyPerKey} at a time`]),
    ...(ratePerKey === null ? [] : [`${ratePerKey}${PER_MINUTE}`]),
  ].join(", ");
  if (limits === "" || keysAtLimit === 0) return limits || null;
  return `${limits} (${keysAtLimit.toLocaleString("en")} ${keysAtLimit === 1 ? "key" : "keys"} at the limit)`;
}

/** The limit that the flow shares with others; null if there is none. */
export function wordsForSharedLimit({ limit }: Flow): string | null {
  if (limit === null) return null;
  const { concurrency, requestsPerMinute, tokensPerMinute, inFlight } = limit;
  const places = inFlight === null ? `${concurrency} at a time` : `${inFlight} of ${concurrency} in use`;
  const parts = [
    ...(concurrency === null ? [] : [places]),
    ...(requestsPerMinute === null ? [] : [`${requestsPerMinute}${PER_MINUTE}`]),
    ...(tokensPerMinute === null ? [] : [`${number(tokensPerMinute)} tokens${PER_MINUTE}`]),
  ];
  return `${limit.name}: ${parts.join(", ")}`;
}

/** Which flows take its jobs while its lane is closed; null if none do. */
export function wordsForFallback({ fallback, fallbackAfterSeconds, fellBack }: Flow): string | null {
  if (fallback.length === 0) return null;
  const words = `after ${fallbackAfterSeconds} s: ${fallback.join(", else ")}`;
  return fellBack === 0 ? words : `${words} (${fellBack.toLocaleString("en")} in flight there)`;
}

const NEARLY_USED = 0.8;

/** The share of today's budget that is used; null: there is no budget, or it is not known. */
function budgetUsed({
  spending: { budgetPerDayMicros: budget, costTodayMicros: cost },
}: Flow): number | null {
  return budget === null || cost === null ? null : cost / budget;
}

export function wordsForBudget(flow: Flow): string | null {
  const { budgetPerDayMicros: budget, currency } = flow.spending;
  if (budget === null) return null;
  const used = budgetUsed(flow);
  return `${money(budget)} ${currency} a day${used === null ? "" : `, ${percent(Math.min(1, used))} used`}`;
}

/** What its tokens cost; null: it has no prices. */
export function wordsForPrices({ spending }: Flow): string | null {
  const { inputPerMillionMicros: input, outputPerMillionMicros: output, currency } = spending;
  if (input === null || output === null) return null;
  return `${money(input)} ${currency} in, ${money(output)} ${currency} out`;
}

/** What was used since the day began; null: nothing was, or it is not known. */
export function wordsForToday({ spending }: Flow): string | null {
  const { tokensToday, costTodayMicros, currency } = spending;
  const tokens = tokensToday === null ? 0 : tokensToday.prompt + tokensToday.completion;
  if (tokens === 0) return null;
  const cost = costTodayMicros === null ? "" : `, ${aboutMoney(costTodayMicros)} ${currency}`;
  return `${number(tokens)} tokens${cost}`;
}

/** Flows with a problem first; otherwise the order of flows.toml. */
export function troubleFirst(flows: readonly Flow[]): Flow[] {
  return flows.toSorted((a, b) => Number(a.lane.state === "open") - Number(b.lane.state === "open"));
}

/** The flows in the order in which they were shown before, so that none moves away from the hand; new ones at the end. */
export function inOrderOf(names: readonly string[], flows: readonly Flow[]): Flow[] {
  const place = new Map(names.map((name, index) => [name, index]));
  return flows.toSorted((a, b) => (place.get(a.name) ?? names.length) - (place.get(b.name) ?? names.length));
}
