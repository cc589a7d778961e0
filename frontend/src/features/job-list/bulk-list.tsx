import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { bulkActionsQuery, isOpen } from "@/api/bulk-actions";
import type { BulkAction } from "@/api/model";
import { BulkProgress } from "./bulk-progress";

/** `started`: the bulk action that was started here last. */
export function BulkList({ started }: { started: BulkAction | null }) {
  const { shown, dismiss } = useShown(started?.id ?? null);
  return shown.map((action) => (
    <BulkProgress
      key={action.id}
      action={action}
      takesFocus={action.id === started?.id}
      onDismiss={() => dismiss(action.id)}
    />
  ));
}

/**
 * The bulk actions that are shown: those that were open when the page came, and those that were started here. Another
 * that somebody starts would move the rows under the reader's hand.
 */
function useShown(started: string | null) {
  const actions = useQuery(bulkActionsQuery).data;
  const [ids, setIds] = useState<readonly string[] | null>(null);

  useEffect(() => {
    if (actions === undefined) return;
    setIds((before) => before ?? actions.filter(isOpen).map((action) => action.id));
  }, [actions]);

  useEffect(() => {
    if (started !== null) setIds((before) => [...(before ?? []), started]);
  }, [started]);

  const shown: readonly BulkAction[] = actions?.filter((action) => ids?.includes(action.id)) ?? [];
  return { shown, dismiss: (id: string) => setIds((before) => (before ?? []).filter((one) => one !== id)) };
}
