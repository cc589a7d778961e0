import { useLocation } from "@tanstack/react-router";
import { NeedsRight } from "@/access/needs-right";
import { FlowsView } from "@/features/flows/flows-view";
import { useTitle } from "./use-title";

export function FlowsPage() {
  useTitle("Flows");
  const { hash } = useLocation();
  return (
    <NeedsRight right="read" title="You may not see flows">
      <FlowsView sought={hash} />
    </NeedsRight>
  );
}
