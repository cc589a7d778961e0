import type { ApiKey } from "@/api/model";
import type { Tone } from "@/components/tone-badge";
import { formatCoarse } from "@/lib/time";

const SOON_MS = 7 * 86_400_000;

/** What became of a key, or soon will. */
export function stateOf(
  key: Pick<ApiKey, "revokedAt" | "expiresAt">,
  now: number,
): { label: string; tone: Tone; ended: boolean } {
  if (key.revokedAt !== null) return { label: "Revoked", tone: "gray", ended: true };
  if (key.expiresAt === null) return { label: "Active", tone: "green", ended: false };
  const left = key.expiresAt - now;
  if (left <= 0) return { label: "Expired", tone: "gray", ended: true };
  if (left < SOON_MS) return { label: `Ends in ${formatCoarse(left)}`, tone: "amber", ended: false };
  return { label: "Active", tone: "green", ended: false };
}

export function wordsForRate(ratePerMinute: number | null): string {
  return ratePerMinute === null
    ? "the default limit"
    : `${ratePerMinute.toLocaleString("en")} ${ratePerMinute === 1 ? "request" : "requests"} / min`;
}
