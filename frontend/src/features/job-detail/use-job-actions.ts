import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { messageOf } from "@/api/errors";
import { removeRow } from "@/api/job-rows";
import { cancelJob, deleteJob, jobKeys, replayJob, retryJob, showAnswer } from "@/api/jobs";
import type { Job, ReplayRequest } from "@/api/model";
import { statsKey } from "@/api/stats";
import { forgetDraft } from "@/lib/draft";
import { lastList } from "@/lib/last-list";

/** The name under which a half-written replay is kept. */
export function replayDraft(id: string): string {
  return `replay-${id}`;
}

/** A person's actions on a job. Each shows its outcome at once, in lists too. */
export function useJobActions(id: string) {
  const queries = useQueryClient();
  const navigate = useNavigate();

  const recount = () => void queries.invalidateQueries({ queryKey: statsKey });
  const show = (job: Job) => {
    showAnswer(queries, job);
    recount();
  };
  const failed = (error: Error) => {
    notifications.show({ color: "red", title: "The action failed", message: messageOf(error) });
    // Usually the job has changed in the meantime: refetch it.
    void queries.invalidateQueries({ queryKey: jobKeys.one(id) });
  };

  return {
    cancel: useMutation({ mutationFn: () => cancelJob(id), onSuccess: show, onError: failed }),
    retry: useMutation({ mutationFn: () => retryJob(id), onSuccess: show, onError: failed }),
    replay: useMutation({
      mutationFn: (request: ReplayRequest) => replayJob(id, request),
      onSuccess: (job) => {
        forgetDraft(replayDraft(id));
        show(job);
        void navigate({ to: "/jobs/$id", params: { id: job.id } });
      },
      onError: failed,
    }),
    remove: useMutation({
      mutationFn: () => deleteJob(id),
      onSuccess: async () => {
        await navigate({ to: "/", search: lastList() });
        queries.removeQueries({ queryKey: jobKeys.one(id) });
        removeRow(queries, id);
        recount();
        notifications.show({ title: "Deleted", message: `Job ${id}` });
      },
      onError: failed,
    }),
  };
}
