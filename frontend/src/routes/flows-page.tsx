import { useLocation } from "@tanstack/react-router";
import { FlowsView } from "@/features/flows/flows-view";
import { useTitle } from "./use-title";

export function FlowsPage() {
  useTitle("Flows");
  const { hash } = useLocation();
  return <FlowsView sought={hash} />;
}
