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
    title: "The result was meant to be JSON, but is invalid.",
  },
  schema_mismatch: {
    icon: IconBraces,
    words: "Schema mismatch",
    title: "The result is JSON, but does not fit the schema.",
  },
  unchecked: {
    icon: IconHourglassEmpty,
    words: "Not checked",
    title: "Checking the result exceeded its time or memory limit.",
  },
};

const WITH_WARNINGS: Look = {
  icon: IconInfoCircle,
  words: "Warnings",
  title: "The result is valid JSON, but parsers may read it differently.",
};

/** Only problems and warnings get a badge: a list full of "ok" says nothing. */
export function VerdictBadge({ verdict }: { verdict: { kind: string; warnings: readonly unknown[] } }) {
  const look = LOOKS[verdict.kind] ?? (verdict.warnings.length > 0 ? WITH_WARNINGS : null);
  if (look === null) return null;
  return (
    <ToneBadge tone="amber" icon={look.icon} outlined title={look.title}>
      {look.words}
    </ToneBadge>
  );
}
