import { NeedsRight } from "@/access/needs-right";
import { BatchesView } from "@/features/batches/batches-view";
import { useTitle } from "./use-title";

export function BatchesPage() {
  useTitle("Batches");
  return (
    <NeedsRight right="read" title="You may not see batches">
      <BatchesView />
    </NeedsRight>
  );
}
