import { IconEye } from "@tabler/icons-react";
import { useState } from "react";
import type { DeliveryFilter } from "@/api/webhooks";
import { ActionButton } from "@/components/action-button";
import { PageFrame } from "@/components/page-frame";
import { useBlocked } from "@/live/use-blocked";
import { Deliveries } from "./deliveries";
import { Endpoints } from "./endpoints";
import { SecretsDialog } from "./secrets-dialog";

interface Props {
  filter: DeliveryFilter;
  onChange: (change: Partial<DeliveryFilter>) => void;
}

export function WebhooksView({ filter, onChange }: Props) {
  const blocked = useBlocked("submit");
  const [asking, setAsking] = useState(false);
  return (
    <PageFrame
      title="Webhooks"
      about="When a job ends, a signed request is sent to every endpoint that matches the job, and to the job's own webhook; when a batch ends, to the webhook of the batch. A failed delivery is tried again for more than three days."
      action={
        <ActionButton
          label="Secret of your jobs' webhooks…"
          icon={IconEye}
          blocked={blocked}
          onAct={() => setAsking(true)}
        />
      }
    >
      <Endpoints />
      <Deliveries filter={filter} onChange={onChange} />
      <SecretsDialog opened={asking} onClose={() => setAsking(false)} />
    </PageFrame>
  );
}
