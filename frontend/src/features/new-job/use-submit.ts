import { useMutation, useQueryClient } from "@tanstack/react-query";
import { reportCreated } from "@/api/changes";
import { showAnswer, submitJob } from "@/api/jobs";
import type { Job, Submission } from "@/api/model";
import { statsKey } from "@/api/stats";
import { useSendKey } from "@/lib/use-send-key";

/** Sends a submission; sent again after a failure, it is the same job. */
export function useSubmit(onCreated: (job: Job) => void) {
  const queries = useQueryClient();
  const key = useSendKey();

  return useMutation({
    mutationFn: (submission: Submission) => submitJob(submission, key.of(submission)),
    onSuccess: (job) => {
      key.done();
      showAnswer(queries, job);
      reportCreated();
      void queries.invalidateQueries({ queryKey: statsKey });
      onCreated(job);
    },
  });
}

export type Submit = ReturnType<typeof useSubmit>;
