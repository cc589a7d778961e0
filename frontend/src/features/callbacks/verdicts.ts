import {
  IconArrowsSplit,
  IconCircleCheck,
  IconCircleX,
  IconClockExclamation,
  IconCopy,
  IconFileBroken,
  IconHistory,
  IconLink,
  IconQuestionMark,
} from "@tabler/icons-react";
import type { CallbackVerdict } from "@/api/model";
import type { Look } from "@/components/tone-badge";

/** Ordered by how likely a person has to act on them. */
const LOOKS: Record<CallbackVerdict, Look> = {
  late: { label: "Late", icon: IconClockExclamation, tone: "blue" },
  different: { label: "Different", icon: IconArrowsSplit, tone: "amber" },
  unreadable: { label: "Unreadable", icon: IconFileBroken, tone: "red" },
  unknown: { label: "Unknown", icon: IconQuestionMark, tone: "amber" },
  stale: { label: "Stale", icon: IconHistory, tone: "gray" },
  duplicate: { label: "Duplicate", icon: IconCopy, tone: "gray" },
  rejected: { label: "Rejected", icon: IconCircleX, tone: "gray" },
  accepted: { label: "Accepted", icon: IconCircleCheck, tone: "green" },
  applied: { label: "Applied", icon: IconLink, tone: "green" },
};

export const VERDICTS = Object.keys(LOOKS) as CallbackVerdict[];

export function isVerdict(text: string): text is CallbackVerdict {
  return Object.hasOwn(LOOKS, text);
}

/** Unknown verdicts of a newer server are shown by their name. */
export function lookOf(verdict: string): Look {
  return isVerdict(verdict) ? LOOKS[verdict] : { label: verdict, icon: IconQuestionMark, tone: "gray" };
}
