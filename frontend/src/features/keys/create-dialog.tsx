import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useKeptOpen } from "@/access/access-context";
import { createKey, keysKey } from "@/api/keys";
import { OnceDialog } from "@/components/once-dialog";
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
    <OnceDialog
      opened={opened}
      title="New API key"
      madeTitle="Copy the new key"
      made={made === undefined ? null : <MadeKeyView made={made} onDone={close} />}
      isForm
      onClose={close}
    >
      <KeyForm
        draft={NEW_KEY}
        busy={creating.isPending}
        failure={creating.error}
        onCreate={(request) => creating.mutate(request)}
        onClose={close}
      />
    </OnceDialog>
  );
}
