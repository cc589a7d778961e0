import { useLocation, useNavigate } from "@tanstack/react-router";
import { NeedsRight } from "@/access/needs-right";
import { FlowsView } from "@/features/flows/flows-view";
import { useTitle } from "./use-title";

export function FlowsPage() {
  useTitle("Flows");
  const { hash } = useLocation();
  const navigate = useNavigate({ from: "/flows" });
  return (
    <NeedsRight right="read" title="You may not see flows">
      <FlowsView sought={hash} onClose={() => void navigate({ hash: "", resetScroll: false })} />
    </NeedsRight>
  );
}
