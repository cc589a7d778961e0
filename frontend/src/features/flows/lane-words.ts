import type { Flow, Lane } from "@/api/model";
import type { Tone } from "@/components/tone-badge";

export interface LaneWords {
  readonly title: string;
  readonly tone: Tone;
  /** What it means for the jobs in it. */
  readonly meaning: string;
}

const KINDS: Readonly<Record<string, string>> = {
  rate_limited: "The processor asked for a pause.",
  outage: "The processor cannot be reached. Jobs wait; nothing fails because of it.",
  misconfigured: "The processor refuses the address, the credentials or an option of this flow.",
  out_of_credit: "The account behind the processor has no credit left. Jobs wait at no cost.",
};

export function wordsForLane(lane: Lane): LaneWords {
  switch (lane.state) {
    case "open":
      return { title: "Open", tone: "green", meaning: "Jobs are handed over as they come." };
    case "paused":
      return {
        title: "Paused",
        tone: "amber",
        meaning: "Paused by a person. Jobs wait until it is resumed.",
      };
    case "closed":
      return {
        title: "Closed",
        tone: "red",
        meaning:
          lane.kind !== null && Object.hasOwn(KINDS, lane.kind)
            ? (KINDS[lane.kind] ?? "")
            : "Nothing is handed over for now.",
      };
    case "removed":
      return {
        title: "Removed",
        tone: "red",
        meaning: "Not in flows.toml any more. Nobody takes its jobs until it is back.",
      };
    default:
      return { title: lane.state, tone: "gray", meaning: "" };
  }
}

/** Jobs handed over and not yet answered: what a flow's concurrency counts. */
function inUse({ byStatus }: Flow): number {
  return (byStatus["RUNNING"] ?? 0) + (byStatus["WAITING"] ?? 0);
}

export function wordsForFlow(flow: Flow): LaneWords {
  const words = wordsForLane(flow.lane);
  if (flow.lane.state !== "open" || flow.concurrency === null || inUse(flow) < flow.concurrency) return words;
  return {
    title: "Full",
    tone: "blue",
    meaning: "All places are taken. The next job is handed over when one is free.",
  };
}

export function wordsForConcurrency(flow: Flow): string {
  return flow.concurrency === null ? "no limit" : `${inUse(flow)} of ${flow.concurrency} in use`;
}

/** What needs a person comes first; else the order of flows.toml. */
export function troubleFirst(flows: readonly Flow[]): Flow[] {
  return flows.toSorted((a, b) => Number(a.lane.state === "open") - Number(b.lane.state === "open"));
}
