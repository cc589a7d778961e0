import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";
import { NeedsRight } from "@/access/needs-right";
import type { AuditFilter } from "@/api/audit";
import { AuditView } from "@/features/audit/audit-view";
import { type AuditSearch, toFilter, toSearch } from "@/features/audit/search";
import { useTitle } from "./use-title";

export function AuditPage() {
  useTitle("Audit");
  const filter = toFilter(useSearch({ from: "/audit" }));
  const navigate = useNavigate({ from: "/audit" });
  const change = useCallback(
    (changed: Partial<AuditFilter>) => {
      void navigate({
        search: (current: AuditSearch) => toSearch({ ...toFilter(current), ...changed }),
        // Typing adds no history entry; other filters do.
        replace: "who" in changed || "what" in changed,
        resetScroll: false,
      });
    },
    [navigate],
  );
  return (
    <NeedsRight right="admin" title="You may not see the audit">
      <AuditView filter={filter} onChange={change} />
    </NeedsRight>
  );
}
