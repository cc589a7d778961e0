import { NeedsRight } from "@/access/needs-right";
import { KeysView } from "@/features/keys/keys-view";
import { useTitle } from "./use-title";

export function KeysPage() {
  useTitle("API keys");
  return (
    <NeedsRight right="admin" title="You may not see API keys">
      <KeysView />
    </NeedsRight>
  );
}
