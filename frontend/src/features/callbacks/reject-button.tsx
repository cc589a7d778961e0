import { IconX } from "@tabler/icons-react";
import type { KeptCallback } from "@/api/model";
import { ActionButton } from "@/components/action-button";
import { useBlocked } from "@/live/use-blocked";
import { useReject } from "./use-reject";

/** At once and without asking: what was rejected is kept, and can still be accepted. */
export function RejectButton({ callback }: { callback: KeptCallback }) {
  const blocked = useBlocked("operate");
  const reject = useReject(callback.id);
  return (
    <ActionButton
      label="Reject"
      icon={IconX}
      blocked={blocked}
      hint="The callback stays in the inbox as rejected, and changes no job."
      busy={reject.isPending}
      onAct={() => reject.mutate()}
    />
  );
}
