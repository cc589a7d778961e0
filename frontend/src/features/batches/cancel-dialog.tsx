import { Button, Group, Modal, Stack } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { batchKeys, cancelBatch } from "@/api/batches";
import { messageOf } from "@/api/errors";
import type { BatchWhole } from "@/api/model";
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
  return (
    <Modal opened={opened} onClose={onClose} title="Cancel this batch?">
      <Stack gap="md">
        <p>
          Its {number(batch.jobs - doneOf(batch))} jobs that have not ended become cancelled. Results that are
          there stay.
        </p>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            Let it go on
          </Button>
          <Button
            variant="light"
            color="red"
            c="var(--red-ink)"
            loading={cancelling.isPending}
            onClick={() => cancelling.mutate()}
          >
            Cancel the jobs
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
