import { Button, Group, Modal, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { messageOf } from "@/api/errors";
import { signingSecrets } from "@/api/webhooks";
import { CodeLine } from "@/components/code-line";
import { Failure } from "@/components/failure";
import styles from "./webhooks.module.css";

/** The secret that signs the webhooks of one's own jobs. It is in no cache, and leaves the page with the dialog. */
export function SecretsDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const asking = useMutation({ mutationFn: signingSecrets });
  const { mutate, reset } = asking;
  useEffect(() => {
    if (opened) mutate();
    else reset();
  }, [opened, mutate, reset]);
  const secrets = asking.data ?? [];
  return (
    <Modal opened={opened} onClose={onClose} title="The secret of your jobs' webhooks" size="lg">
      <Stack gap="md">
        <p>
          A job or batch may carry a webhook of its own, which is told of its end. This secret signs those of
          the jobs that you submit; standing endpoints each have another.
        </p>
        {asking.isPending && <p role="status">Asking for it…</p>}
        {asking.isError && <Failure>{messageOf(asking.error)}</Failure>}
        <div className={styles["secrets"]} data-testid="own-secrets">
          {secrets.map((secret) => (
            <CodeLine key={secret} code={secret} what="the secret" />
          ))}
        </div>
        {secrets.length > 1 && (
          <p>The server's own secret is being changed: until then both sign, and the first stays.</p>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Close
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
