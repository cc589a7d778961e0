import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { messageOf } from "@/api/errors";
import type { Endpoint } from "@/api/model";
import { deleteEndpoint, disableEndpoint, webhookKeys } from "@/api/webhooks";
import { DangerDialog } from "@/components/danger-dialog";
import { VisibleText } from "@/components/result/visible-text";
import { focusMain } from "@/lib/focus";
import { nameOf } from "./words";

export type End = "disable" | "delete";

const WORDS = {
  disable: {
    title: "Disable this endpoint?",
    text: "gets no deliveries from now on, and its pending deliveries fail. They can be sent again once the endpoint is enabled.",
    act: "Disable",
    failed: "The endpoint was not disabled",
  },
  delete: {
    title: "Delete this endpoint?",
    text: "is deleted with its secret, and its pending deliveries fail. This cannot be undone.",
    act: "Delete",
    failed: "The endpoint was not deleted",
  },
} as const;

interface Props {
  /** Null: closed. */
  end: End | null;
  endpoint: Endpoint;
  onClose: () => void;
}

export function EndDialog({ end, endpoint, onClose }: Props) {
  const queries = useQueryClient();
  const words = WORDS[end ?? "disable"];
  const ending = useMutation({
    mutationFn: async () => {
      await (end === "delete" ? deleteEndpoint(endpoint.id) : disableEndpoint(endpoint.id));
    },
    onSuccess: () => {
      onClose();
      // The row goes with the button that had the focus.
      if (end === "delete") focusMain();
      void queries.invalidateQueries({ queryKey: webhookKeys.endpoints });
      void queries.invalidateQueries({ queryKey: webhookKeys.deliveries });
    },
    onError: (error) => {
      onClose();
      notifications.show({ color: "red", title: words.failed, message: messageOf(error) });
    },
  });
  return (
    <DangerDialog
      opened={end !== null}
      title={words.title}
      keep="Keep it"
      act={words.act}
      busy={ending.isPending}
      onAct={ending.mutate}
      onClose={onClose}
    >
      <strong>
        <VisibleText text={nameOf(endpoint)} />
      </strong>{" "}
      {words.text}
    </DangerDialog>
  );
}
