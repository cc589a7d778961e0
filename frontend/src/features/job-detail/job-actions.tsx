import { IconPlayerStop, IconRefresh, IconReplace, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { Job } from "@/api/model";
import { ActionButton } from "@/components/action-button";
import { DangerDialog } from "@/components/danger-dialog";
import { hasDraft } from "@/lib/draft";
import { isFinal } from "@/lib/status";
import { useBlocked } from "@/live/use-blocked";
import { blockedOn } from "./blocked";
import { CopyMenu } from "./copy-menu";
import styles from "./job-detail.module.css";
import { NotifyButton } from "./notify-button";
import { ReplayDialog } from "./replay-dialog";
import { replayDraft, useJobActions } from "./use-job-actions";

export function JobActions({ job }: { job: Job }) {
  const [dialog, setDialog] = useState<"replay" | "delete" | null>(() =>
    hasDraft(replayDraft(job.id)) ? "replay" : null,
  );
  const actions = useJobActions(job.id);
  const blocked = blockedOn(job, useBlocked("operate"));
  const close = () => setDialog(null);

  return (
    <div className={styles["actions"]}>
      <ActionButton
        label="Cancel"
        hint="Stops the work on this job. A later result is kept, but not applied."
        icon={IconPlayerStop}
        blocked={blocked.cancel}
        busy={actions.cancel.isPending}
        onAct={() => actions.cancel.mutate()}
      />
      <ActionButton
        label="Retry"
        hint="Runs this job again, with new attempts."
        icon={IconRefresh}
        blocked={blocked.retry}
        busy={actions.retry.isPending}
        onAct={() => actions.retry.mutate()}
      />
      <ActionButton
        label="Replay…"
        hint="Creates a new job with this prompt, on any flow. This job does not change."
        icon={IconReplace}
        blocked={blocked.replay}
        onAct={() => setDialog("replay")}
      />
      <ActionButton
        label="Delete…"
        icon={IconTrash}
        danger
        blocked={blocked.remove}
        onAct={() => setDialog("delete")}
      />
      {!isFinal(job.status) && <NotifyButton id={job.id} />}
      <CopyMenu job={job} />
      <ReplayDialog
        opened={dialog === "replay"}
        job={job}
        busy={actions.replay.isPending}
        onClose={close}
        onReplay={(request) => actions.replay.mutate(request, { onSuccess: close })}
      />
      <DangerDialog
        opened={dialog === "delete"}
        title="Delete this job?"
        keep="Keep it"
        act="Delete"
        busy={actions.remove.isPending}
        onAct={() => actions.remove.mutate(undefined, { onError: close })}
        onClose={close}
      >
        Its prompt, result and history will be deleted. This cannot be undone.
      </DangerDialog>
    </div>
  );
}
