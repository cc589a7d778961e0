import { Button, Group, Modal, Stack } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useState } from "react";
import type { Job, KeptCallback } from "@/api/model";
import { ActionButton } from "@/components/action-button";
import { Age } from "@/components/times";
import { useLive } from "@/live/live-context";
import styles from "./callbacks.module.css";
import { WholeContent } from "./content";
import { useAccept } from "./use-accept";
import { howItEnded } from "./words";

/** Asks first, with the result in sight: a completed job does not go back. */
export function AcceptButton({ job, callback }: { job: Job; callback: KeptCallback }) {
  const { mode } = useLive();
  const [asking, setAsking] = useState(false);
  const accept = useAccept(job.id);
  const close = () => setAsking(false);
  return (
    <>
      <ActionButton
        label="Accept this result…"
        icon={IconCheck}
        blocked={mode === "offline" ? "The server cannot be reached." : null}
        onAct={() => setAsking(true)}
      />
      {/* Always there, so that it gives the focus back when it closes. */}
      <Modal opened={asking} onClose={close} title="Accept this result?" size="lg">
        <Stack gap="md">
          <p>
            It came <Age at={callback.receivedAt} />
            {callback.verdict === "late" && `, after ${howItEnded(callback, job)}`}. The job becomes completed
            with it, as if it had come in time. This cannot be undone.
          </p>
          <div className={styles["whole"]}>
            <WholeContent callback={callback} />
          </div>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close} data-autofocus>
              Not now
            </Button>
            <Button loading={accept.isPending} onClick={() => accept.mutate(callback.id, { onError: close })}>
              Accept this result
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
