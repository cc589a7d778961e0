import { useNavigate, useSearch } from "@tanstack/react-router";
import { NeedsRight } from "@/access/needs-right";
import { Inbox } from "@/features/callbacks/inbox";
import { toSearch } from "@/features/callbacks/search";
import { useTitle } from "./use-title";

export function CallbacksPage() {
  useTitle("Callbacks");
  const { verdict = [] } = useSearch({ from: "/callbacks" });
  const navigate = useNavigate({ from: "/callbacks" });
  return (
    <NeedsRight right="read" title="You may not see callbacks">
      <Inbox
        verdict={verdict}
        onChange={(chosen) => void navigate({ search: toSearch(chosen), resetScroll: false })}
      />
    </NeedsRight>
  );
}
