import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { messageOf } from "@/api/errors";
import { keysKey, revokeKey } from "@/api/keys";
import type { ApiKey } from "@/api/model";
import { sessionKeys } from "@/api/session";
import { DangerDialog } from "@/components/danger-dialog";
import { VisibleText } from "@/components/result/visible-text";
import { focusMain } from "@/lib/focus";

interface Props {
  opened: boolean;
  apiKey: ApiKey;
  /** Whether one is signed in with this key. */
  own: boolean;
  onClose: () => void;
}

export function RevokeDialog({ opened, apiKey, own, onClose }: Props) {
  const queries = useQueryClient();
  const revoking = useMutation({
    mutationFn: () => revokeKey(apiKey.id),
    onSuccess: () => {
      onClose();
      // The row moves to the ended ones, and with it the button that had the focus.
      focusMain();
      void queries.invalidateQueries({ queryKey: own ? sessionKeys.who : keysKey });
    },
    onError: (error) => {
      onClose();
      notifications.show({ color: "red", title: "The key was not revoked", message: messageOf(error) });
    },
  });
  return (
    <DangerDialog
      opened={opened}
      title="Revoke this key?"
      keep="Keep it"
      act="Revoke"
      busy={revoking.isPending}
      onAct={revoking.mutate}
      onClose={onClose}
    >
      <strong>
        <VisibleText text={apiKey.name} />
      </strong>{" "}
      (<code>{apiKey.id}</code>) ends within 5 seconds on every server, with its sessions and event streams.
      Requests with the key are refused from then on. This cannot be undone.
      {own && " You are signed in with it, so you will be signed out."}
    </DangerDialog>
  );
}
