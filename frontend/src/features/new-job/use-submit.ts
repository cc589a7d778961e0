import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";
import { reportCreated } from "@/api/changes";
import { showAnswer, submitJob } from "@/api/jobs";
import type { Job, Submission } from "@/api/model";
import { statsKey } from "@/api/stats";
import { randomKey } from "@/lib/random-key";

/**
 * Sends a submission. The same content sent again after a failure has the same Idempotency-Key, so that a lost answer
 * does not create a second job. Other content, or the next job, gets a new key.
 */
export function useSubmit(onCreated: (job: Job) => void) {
  const queries = useQueryClient();
  const sent = useRef<{ body: string; key: string } | null>(null);

  return useMutation({
    mutationFn: (submission: Submission) => {
      const body = JSON.stringify(submission);
      if (sent.current?.body !== body) sent.current = { body, key: randomKey() };
      return submitJob(submission, sent.current.key);
    },
    onSuccess: (job) => {
      sent.current = null;
      showAnswer(queries, job);
      reportCreated();
      void queries.invalidateQueries({ queryKey: statsKey });
      onCreated(job);
    },
  });
}

export type Submit = ReturnType<typeof useSubmit>;
