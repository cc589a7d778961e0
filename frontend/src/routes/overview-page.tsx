import { useNavigate, useSearch } from "@tanstack/react-router";
import { NeedsRight } from "@/access/needs-right";
import { OverviewView } from "@/features/overview/overview-view";
import { readSearch } from "@/features/overview/search";
import { useTitle } from "./use-title";

export function OverviewPage() {
  useTitle("Overview");
  const search = useSearch({ from: "/overview" });
  const navigate = useNavigate({ from: "/overview" });
  return (
    <NeedsRight right="read" title="You may not see the overview">
      <OverviewView
        search={search}
        onChange={(changed) => void navigate({ search: readSearch({ ...changed }), resetScroll: false })}
      />
    </NeedsRight>
  );
}
