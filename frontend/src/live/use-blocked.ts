import { useWhyNot } from "@/access/access-context";
import type { Right } from "@/api/model";
import { useLive } from "./live-context";

/** Why an act that needs this right is not possible now, whatever it acts on; null if it may be. */
export function useBlocked(right: Right): string | null {
  const { mode } = useLive();
  const whyNot = useWhyNot(right);
  return mode === "offline" ? "The server cannot be reached." : whyNot;
}
