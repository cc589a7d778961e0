import type { Lane } from "@/api/model";
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
  misconfigured: "The processor refuses the address or the credentials of this flow.",
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
    default:
      return { title: lane.state, tone: "gray", meaning: "" };
  }
}
