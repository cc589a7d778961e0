import { Button, Group, Modal, Stack } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useState } from "react";
import type { Job, JobSummary, KeptCallback } from "@/api/model";
import { ActionButton } from "@/components/action-button";
import { VisibleText } from "@/components/result/visible-text";
import { Age } from "@/components/times";
import { useBlocked } from "@/live/use-blocked";
import { Body } from "./body";
import styles from "./callbacks.module.css";
import { WholeContent } from "./content";
import { firstWords } from "./shape";
import { useAccept } from "./use-accept";
import { howItEnded, isUnread } from "./words";

interface Props {
  job: Job | JobSummary;
  callback: KeptCallback;
  /** Among the callbacks of many jobs: says which job it is, and what was done. */
  inList?: boolean;
}

/** Confirms first and shows the result, because completing a job cannot be undone. */
export function AcceptButton({ job, callback, inList = false }: Props) {
  const blocked = useBlocked("operate");
  const [asking, setAsking] = useState(false);
  const accept = useAccept(job.id, callback.id, inList);
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
          {inList && (
            <p>
              The job:{" "}
              <strong>
                <VisibleText text={firstWords(job.prompt)} />
              </strong>
            </p>
          )}
          <div className={styles["whole"]}>
            {unread ? <Body callback={callback} /> : <WholeContent callback={callback} />}
          </div>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close} data-autofocus>
              Not now
            </Button>
            <Button loading={accept.isPending} onClick={() => accept.mutate(undefined, { onError: close })}>
              {unread ? "Accept the whole body" : "Accept this result"}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
