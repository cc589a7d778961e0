import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { callbackKeys, rejectCallback } from "@/api/callbacks";
import { messageOf } from "@/api/errors";
import { keepFocusAt } from "./row-focus";

/** Sets a callback aside as rejected. */
export function useReject(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => rejectCallback(id),
    onSuccess: () =>
      notifications.show({
        title: "Rejected",
        message: "The callback is kept under Rejected. A result can still be accepted there.",
      }),
    onError: (error) =>
      notifications.show({ color: "red", title: "The action failed", message: messageOf(error) }),
    // The button is busy until the list shows what was done.
    onSettled: async () => {
      const restore = keepFocusAt(id);
      await queries.invalidateQueries({ queryKey: callbackKeys.all });
      restore();
    },
  });
}
