import { useMutation } from "@tanstack/react-query";
import { useKeptOpen } from "@/access/access-context";
import { messageOf } from "@/api/errors";
import type { Endpoint } from "@/api/model";
import { rotateEndpoint } from "@/api/webhooks";
import { VisibleText } from "@/components/result/visible-text";
import { RotateDialog } from "@/components/rotate-dialog";
import { MadeSecret } from "./made-secret";
import { nameOf } from "./words";

interface Props {
  opened: boolean;
  endpoint: Endpoint;
  onClose: () => void;
}

export function RotateSecretDialog({ opened, endpoint, onClose }: Props) {
  const { mutate, data, error, isPending, reset } = useMutation({
    mutationFn: (overlapSeconds: number) => rotateEndpoint(endpoint.id, overlapSeconds),
  });
  const close = useKeptOpen(() => {
    onClose();
    reset();
  });
  return (
    <RotateDialog
      opened={opened}
      title="Rotate the secret of the endpoint"
      what="secret"
      busy={isPending}
      failure={error && messageOf(error)}
      made={data === undefined ? null : <MadeSecret secret={data.secret} onDone={close} />}
      onRotate={mutate}
      onClose={close}
    >
      <strong>
        <VisibleText text={nameOf(endpoint)} />
      </strong>{" "}
      gets a new secret. While the old secret is valid, both sign each request, so that you can change the
      receiver in that time.
    </RotateDialog>
  );
}
