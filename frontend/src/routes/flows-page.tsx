import { FlowsView } from "@/features/flows/flows-view";
import { useTitle } from "./use-title";

export function FlowsPage() {
  useTitle("Flows");
  return <FlowsView />;
}
