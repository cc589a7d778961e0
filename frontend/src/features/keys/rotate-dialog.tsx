import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useKeptOpen } from "@/access/access-context";
import { messageOf } from "@/api/errors";
import { keysKey, rotateKey } from "@/api/keys";
import type { ApiKey } from "@/api/model";
import { VisibleText } from "@/components/result/visible-text";
import { RotateDialog } from "@/components/rotate-dialog";
import { MadeKeyView } from "./made-key";

interface Props {
  opened: boolean;
  apiKey: ApiKey;
  onClose: () => void;
}

export function RotateKeyDialog({ opened, apiKey, onClose }: Props) {
  const queries = useQueryClient();
  const { mutate, data, error, isPending, reset } = useMutation({
    mutationFn: (overlapSeconds: number) => rotateKey(apiKey.id, overlapSeconds),
    onSuccess: () => queries.invalidateQueries({ queryKey: keysKey }),
  });
  const close = useKeptOpen(() => {
    onClose();
    reset();
  });
  return (
    <RotateDialog
      opened={opened}
      title="Rotate this key"
      what="key"
      busy={isPending}
      failure={error && messageOf(error)}
      made={data === undefined ? null : <MadeKeyView made={data} onDone={close} />}
      onRotate={mutate}
      onClose={close}
    >
      A new key with the name, rights and flows of{" "}
      <strong>
        <VisibleText text={apiKey.name} />
      </strong>{" "}
      (<code>{apiKey.id}</code>) is made. Give it to whatever uses the old one before that ends.
    </RotateDialog>
  );
}
