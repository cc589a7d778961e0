import { Button, Group, Modal, NativeSelect, Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useKeptOpen } from "@/access/access-context";
import { messageOf } from "@/api/errors";
import { keysKey, rotateKey } from "@/api/keys";
import type { ApiKey } from "@/api/model";
import { VisibleText } from "@/components/result/visible-text";
import { OVERLAPS } from "./key-words";
import { MadeKeyView } from "./made-key";

interface Props {
  opened: boolean;
  apiKey: ApiKey;
  onClose: () => void;
}

export function RotateDialog({ opened, apiKey, onClose }: Props) {
  const queries = useQueryClient();
  const [overlap, setOverlap] = useState("86400");
  const rotating = useMutation({
    mutationFn: () => rotateKey(apiKey.id, Number(overlap)),
    onSuccess: () => queries.invalidateQueries({ queryKey: keysKey }),
  });
  const made = rotating.data;
  const close = useKeptOpen(() => {
    onClose();
    rotating.reset();
  });
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={made === undefined ? "Rotate this key" : "Copy the new key"}
      size="lg"
      closeOnClickOutside={made === undefined}
      closeOnEscape={made === undefined}
      withCloseButton={made === undefined}
    >
      {made !== undefined ? (
        <MadeKeyView made={made} onDone={close} />
      ) : (
        <Stack gap="md">
          <p>
            A new key with the name, rights and flows of{" "}
            <strong>
              <VisibleText text={apiKey.name} />
            </strong>{" "}
            (<code>{apiKey.id}</code>) is made. Give it to whatever uses the old one before that ends.
          </p>
          <NativeSelect
            label="How long the old key stays valid"
            data={[...OVERLAPS]}
            value={overlap}
            onChange={(event) => setOverlap(event.currentTarget.value)}
          />
          {rotating.isError && (
            <p role="alert" style={{ color: "var(--red-ink)" }}>
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
