import type { CallbackCounts, CallbackVerdict } from "@/api/model";

/** "7", "1,000+" where that is as far as is counted; undefined while it is not known. */
export function countWords(counts: CallbackCounts | undefined, verdict: CallbackVerdict): string | undefined {
  if (counts === undefined) return undefined;
  const count = counts.byVerdict[verdict] ?? 0;
  return `${count.toLocaleString("en")}${count >= counts.countedTo ? "+" : ""}`;
}
