import { Button, Group, Modal, NativeSelect, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useKeptOpen } from "@/access/access-context";
import { messageOf } from "@/api/errors";
import type { Endpoint } from "@/api/model";
import { rotateEndpoint } from "@/api/webhooks";
import { VisibleText } from "@/components/result/visible-text";
import { MadeSecret } from "./made-secret";
import styles from "./webhooks.module.css";
import { nameOf } from "./words";

const OVERLAPS: readonly { value: string; label: string }[] = [
  { value: "0", label: "The old secret ends at once" },
  { value: "3600", label: "1 hour" },
  { value: "86400", label: "1 day" },
  { value: "604800", label: "7 days" },
];

interface Props {
  opened: boolean;
  endpoint: Endpoint;
  onClose: () => void;
}

export function RotateDialog({ opened, endpoint, onClose }: Props) {
  const [overlap, setOverlap] = useState("86400");
  const rotating = useMutation({ mutationFn: () => rotateEndpoint(endpoint.id, Number(overlap)) });
  const made = rotating.data;
  const close = useKeptOpen(() => {
    onClose();
    rotating.reset();
  });
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={made === undefined ? "Rotate its secret" : "Copy the new secret"}
      size="lg"
      closeOnClickOutside={made === undefined}
      closeOnEscape={made === undefined}
      withCloseButton={made === undefined}
    >
      {made !== undefined ? (
        <MadeSecret secret={made.secret} onDone={close} />
      ) : (
        <Stack gap="md">
          <p>
            <strong>
              <VisibleText text={nameOf(endpoint)} />
            </strong>{" "}
            gets a new secret. Both sign each request while the old one stays valid, so that the receiver can
            be changed in between.
          </p>
          <NativeSelect
            label="How long the old secret stays valid"
            data={[...OVERLAPS]}
            value={overlap}
            onChange={(event) => setOverlap(event.currentTarget.value)}
          />
          {rotating.isError && (
            <p role="alert" className={styles["failed"]}>
              {messageOf(rotating.error)}
            </p>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              Close
            </Button>
            <Button loading={rotating.isPending} onClick={() => rotating.mutate()} data-autofocus>
              Rotate
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
