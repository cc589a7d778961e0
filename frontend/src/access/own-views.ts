import { useSavedViews } from "@/lib/saved-views";
import { useAccess } from "./access-context";

/** The saved views of who is signed in: whoever signs in next in this browser does not see them. */
export function useOwnViews() {
  const { who } = useAccess();
  return useSavedViews(who === null ? "" : `${who.kind}:${who.id}`);
}
