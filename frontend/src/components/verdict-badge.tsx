import {
  IconAlertTriangle,
  IconBraces,
  IconHourglassEmpty,
  IconInfoCircle,
  type TablerIcon,
} from "@tabler/icons-react";
import { ToneBadge } from "./tone-badge";

interface Look {
  icon: TablerIcon;
  words: string;
  title: string;
}

const LOOKS: Readonly<Record<string, Look>> = {
  malformed: {
    icon: IconAlertTriangle,
    words: "Malformed JSON",
    title: "The result was meant to be JSON and is not.",
  },
  schema_mismatch: {
    icon: IconBraces,
    words: "Schema mismatch",
    title: "The result is JSON, but not of the shape asked for.",
  },
  unchecked: {
    icon: IconHourglassEmpty,
    words: "Not checked",
    title: "Checking the result took too much time or memory and was stopped.",
  },
};

const WITH_WARNINGS: Look = {
  icon: IconInfoCircle,
  words: "Warnings",
  title: "The result is valid JSON that not every reader will see alike.",
};

/** Only what is wrong or odd about a result gets a badge: a list full of "ok" says nothing. */
export function VerdictBadge({ verdict }: { verdict: { kind: string; warnings: readonly unknown[] } }) {
  const look = LOOKS[verdict.kind] ?? (verdict.warnings.length > 0 ? WITH_WARNINGS : null);
  if (look === null) return null;
  return (
    <ToneBadge tone="amber" icon={look.icon} outlined title={look.title}>
      {look.words}
    </ToneBadge>
  );
}
