import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { acceptCallback, callbackKeys } from "@/api/callbacks";
import { messageOf } from "@/api/errors";
import { jobKeys, showAnswer } from "@/api/jobs";
import { statsKey } from "@/api/stats";
import { focusMain } from "@/lib/focus";
import { keepFocusAt } from "./row-focus";

/** Completes the job with a kept result, and shows the job from the server's answer. */
export function useAccept(jobId: string, id: string, inList: boolean) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => acceptCallback(id),
    onSuccess: (job) => {
      // The dialog and the button that opened it disappear with the next render.
      if (!inList) focusMain();
      else
        notifications.show({
          color: "green",
          title: "Accepted",
          message: "The job is completed with this result.",
        });
      showAnswer(queries, job);
      void queries.invalidateQueries({ queryKey: statsKey });
    },
    onError: (error) => {
      notifications.show({ color: "red", title: "The action failed", message: messageOf(error) });
      // Usually the job has changed in the meantime: refetch it.
      void queries.invalidateQueries({ queryKey: jobKeys.one(jobId) });
    },
    onSettled: async () => {
      const restore = keepFocusAt(id);
      await queries.invalidateQueries({ queryKey: callbackKeys.all });
      restore();
    },
  });
}
