import { Button, Group, Modal, Stack } from "@mantine/core";

interface Props {
  opened: boolean;
  busy: boolean;
  onDelete: () => void;
  onClose: () => void;
}

/** Always mounted, so that it returns the focus when it closes. */
export function DeleteDialog({ opened, busy, onDelete, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="Delete this job?">
      <Stack gap="md">
        <p>Its prompt, result and history will be deleted. This cannot be undone.</p>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep it
          </Button>
          <Button variant="light" color="red" c="var(--red-ink)" loading={busy} onClick={onDelete}>
            Delete
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
