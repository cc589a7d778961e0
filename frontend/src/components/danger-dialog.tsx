import { Button, Group, Modal, Stack } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  opened: boolean;
  title: string;
  /** What happens then. */
  children: ReactNode;
  /** The words of the button that does nothing. */
  keep: string;
  act: string;
  busy: boolean;
  onAct: () => void;
  onClose: () => void;
}

/** Asks before what cannot be undone. Always mounted, so that it returns the focus when it closes. */
export function DangerDialog({ opened, title, children, keep, act, busy, onAct, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <Stack gap="md">
        <p>{children}</p>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            {keep}
          </Button>
          <Button variant="light" color="red" c="var(--red-ink)" loading={busy} onClick={() => onAct()}>
            {act}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
