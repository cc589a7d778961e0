import { Modal } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useKeptOpen } from "@/access/access-context";
import { createKey, keysKey } from "@/api/keys";
import { forgetDraft } from "@/lib/draft";
import { KeyForm } from "./key-form";
import { MadeKeyView } from "./made-key";

/** The name under which a half-filled form is kept. */
export const NEW_KEY = "new-key";

export function CreateDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const creating = useMutation({
    mutationFn: createKey,
    onSuccess: () => {
      forgetDraft(NEW_KEY);
      void queries.invalidateQueries({ queryKey: keysKey });
    },
  });
  const made = creating.data;
  const close = useKeptOpen(() => {
    forgetDraft(NEW_KEY);
    onClose();
    creating.reset();
  });
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={made === undefined ? "New API key" : "Copy the new key"}
      size="lg"
      closeOnClickOutside={false}
      closeOnEscape={made === undefined}
      withCloseButton={made === undefined}
    >
      {made === undefined ? (
        <KeyForm
          draft={NEW_KEY}
          busy={creating.isPending}
          failure={creating.error}
          onCreate={(request) => creating.mutate(request)}
          onClose={close}
        />
      ) : (
        <MadeKeyView made={made} onDone={close} />
      )}
    </Modal>
  );
}
