import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type BulkRequest, bulkActionsQuery, bulkKey, startBulkAction } from "@/api/bulk-actions";
import { messageOf } from "@/api/errors";
import { groupsKey } from "@/api/finding";
import type { JobFilter } from "@/api/job-rows";
import type { BulkAction, BulkCount, BulkKind } from "@/api/model";
import { code, DialogLater } from "@/components/loaded-later";
import { forgetDraft } from "@/lib/draft";
import { useSendKey } from "@/lib/use-send-key";

const DIALOG = code(() => import("./bulk-dialog").then((found) => found.BulkDialog));

interface Props {
  opened: boolean;
  filter: JobFilter;
  kind: BulkKind;
  /** How many jobs the filter finds. */
  matched: BulkCount;
  onStarted: (action: BulkAction) => void;
  onClose: () => void;
}

/** Asks before a bulk action, and starts it. */
export function BulkAsk({ opened, filter, kind, matched, onStarted, onClose }: Props) {
  const queries = useQueryClient();
  const key = useSendKey();
  // Of these jobs: a reason that was typed for others is none for them. After a reload they are to be selected, and so
  // counted, again before anything is asked.
  const draft = `bulk-${kind}-${JSON.stringify(filter)}`;
  const close = () => {
    forgetDraft(draft);
    onClose();
  };
  const starting = useMutation({
    mutationFn: (request: BulkRequest) => startBulkAction(filter, request, key.of({ filter, request })),
    onSuccess: (action) => {
      key.done();
      queries.setQueryData(bulkActionsQuery.queryKey, (before) => [action, ...(before ?? [])]);
      close();
      onStarted(action);
      void queries.invalidateQueries({ queryKey: bulkKey });
      void queries.invalidateQueries({ queryKey: groupsKey });
    },
    onError: (error) => {
      notifications.show({
        color: "red",
        title: "The bulk action was not started",
        message: messageOf(error),
      });
    },
  });
  return (
    <DialogLater
      of={DIALOG}
      props={{
        opened,
        draft,
        kind,
        matched,
        busy: starting.isPending,
        onStart: (request) => starting.mutate(request),
        onClose: close,
      }}
    />
  );
}
