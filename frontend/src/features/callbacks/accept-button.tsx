import { Button, Group, Modal, Stack } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useState } from "react";
import type { Job, KeptCallback } from "@/api/model";
import { ActionButton } from "@/components/action-button";
import { Age } from "@/components/times";
import { useBlocked } from "@/live/use-blocked";
import { Body } from "./body";
import styles from "./callbacks.module.css";
import { WholeContent } from "./content";
import { useAccept } from "./use-accept";
import { howItEnded, isUnread } from "./words";

/** Confirms first and shows the result, because completing a job cannot be undone. */
export function AcceptButton({ job, callback }: { job: Job; callback: KeptCallback }) {
  const blocked = useBlocked("operate");
  const [asking, setAsking] = useState(false);
  const accept = useAccept(job.id);
  const unread = isUnread(callback);
  const close = () => setAsking(false);
  return (
    <>
      <ActionButton
        label={unread ? "Accept the body…" : "Accept this result…"}
        icon={IconCheck}
        blocked={blocked}
        onAct={() => setAsking(true)}
      />
      {/* Always mounted, so that it returns the focus when it closes. */}
      <Modal
        opened={asking}
        onClose={close}
        title={unread ? "Accept the body as the result?" : "Accept this result?"}
        size="lg"
      >
        <Stack gap="md">
          <p>
            It came <Age at={callback.receivedAt} />
            {callback.verdict === "late" && `, after ${howItEnded(callback, job)}`}. The job will be completed
            with {unread ? "the whole body as it is, including any wrapping" : "this result"}. This cannot be
            undone.
          </p>
          <div className={styles["whole"]}>
            {unread ? <Body callback={callback} /> : <WholeContent callback={callback} />}
          </div>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close} data-autofocus>
              Not now
            </Button>
            <Button loading={accept.isPending} onClick={() => accept.mutate(callback.id, { onError: close })}>
              {unread ? "Accept the whole body" : "Accept this result"}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
