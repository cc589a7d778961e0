import { IconAlertTriangle, IconBraces } from "@tabler/icons-react";
import { ToneBadge } from "./tone-badge";

/** Only what is wrong with a result gets a badge: a list full of "ok" says nothing. */
export function VerdictBadge({ kind }: { kind: string }) {
  if (kind === "malformed") {
    return (
      <ToneBadge
        tone="amber"
        icon={IconAlertTriangle}
        outlined
        title="The result was meant to be JSON and is not."
      >
        Malformed JSON
      </ToneBadge>
    );
  }
  if (kind === "schema_mismatch") {
    return (
      <ToneBadge
        tone="amber"
        icon={IconBraces}
        outlined
        title="The result is JSON, but not of the shape asked for."
      >
        Schema mismatch
      </ToneBadge>
    );
  }
  return null;
}
