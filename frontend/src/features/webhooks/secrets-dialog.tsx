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
          A job or a batch can have a webhook of its own. This secret signs the webhooks of the jobs and
          batches that you submit. Each endpoint has another secret.
        </p>
        {asking.isPending && <p role="status">Loading the secret…</p>}
        {asking.isError && <Failure>{messageOf(asking.error)}</Failure>}
        <div className={styles["secrets"]} data-testid="own-secrets">
          {secrets.map((secret) => (
            <CodeLine key={secret} code={secret} what="the secret" />
          ))}
        </div>
        {secrets.length > 1 && (
          <p>
            The server's secret is being rotated. Until that is over, both secrets sign; then only the first
            does.
          </p>
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
