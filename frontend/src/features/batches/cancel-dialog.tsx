import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { batchKeys, cancelBatch } from "@/api/batches";
import { messageOf } from "@/api/errors";
import type { BatchWhole } from "@/api/model";
import { DangerDialog } from "@/components/danger-dialog";
import { doneOf, number } from "./batch-words";

interface Props {
  opened: boolean;
  batch: BatchWhole;
  onClose: () => void;
}

export function CancelDialog({ opened, batch, onClose }: Props) {
  const queries = useQueryClient();
  const cancelling = useMutation({
    mutationFn: () => cancelBatch(batch.id),
    onSuccess: (found) => queries.setQueryData(batchKeys.one(batch.id), found),
    onError: (error) =>
      notifications.show({ color: "red", title: "The batch was not cancelled", message: messageOf(error) }),
    onSettled: onClose,
  });
  const open = batch.jobs - doneOf(batch);
  return (
    <DangerDialog
      opened={opened}
      title="Cancel this batch?"
      keep="Keep running"
      act="Cancel the jobs"
      busy={cancelling.isPending}
      onAct={cancelling.mutate}
      onClose={onClose}
    >
      {open === 1 ? "1 job of the batch has" : `${number(open)} jobs of the batch have`} not ended, and will
      be cancelled. Results that exist are kept.
    </DangerDialog>
  );
}
