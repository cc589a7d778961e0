import {
  IconListSearch,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconRotateClockwise,
  IconSend,
  IconTrash,
} from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { messageOf } from "@/api/errors";
import { keysQuery } from "@/api/keys";
import type { Endpoint } from "@/api/model";
import { deliveryQuery, enableEndpoint, testEndpoint, webhookKeys } from "@/api/webhooks";
import { ActionButton } from "@/components/action-button";
import { Fact, FactLine } from "@/components/fact-line";
import { Failure } from "@/components/failure";
import { VisibleText } from "@/components/result/visible-text";
import { RowTop } from "@/components/row-top";
import { Age } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import { hasDraft } from "@/lib/draft";
import { madeBy } from "@/lib/made-by";
import { useBlocked } from "@/live/use-blocked";
import { type End, EndDialog } from "./end-dialog";
import { draftOf, EditDialog } from "./endpoint-dialogs";
import { RotateSecretDialog } from "./rotate-dialog";
import styles from "./webhooks.module.css";
import { EVENTS, nameOf, stateOf, wordsFor } from "./words";

export function EndpointRow({ endpoint }: { endpoint: Endpoint }) {
  const { label, tone, why } = stateOf(endpoint);
  const disabled = endpoint.disabledAt !== null;
  return (
    <li className={styles["row"]} data-endpoint={endpoint.id} data-disabled={disabled || undefined}>
      <RowTop heading="h3" name={<VisibleText text={nameOf(endpoint)} />}>
        <ToneBadge tone={tone}>{label}</ToneBadge>
        <code className={styles["url"]}>
          <VisibleText text={endpoint.url} />
        </code>
      </RowTop>
      {why !== null && (
        <p className={styles["why"]}>
          {endpoint.disabledAt !== null && (
            <>
              Disabled <Age at={endpoint.disabledAt} />:{" "}
            </>
          )}
          {endpoint.disabledAt === null && endpoint.failingSince !== null && (
            <>
              Every try failed since <Age at={endpoint.failingSince} />.{" "}
            </>
          )}
          {why}
        </p>
      )}
      <Facts endpoint={endpoint} />
      <Actions endpoint={endpoint} />
    </li>
  );
}

function Facts({ endpoint }: { endpoint: Endpoint }) {
  const keys = useQuery(keysQuery).data ?? [];
  return (
    <FactLine className={styles["facts"]}>
      <Fact name="Events">
        {endpoint.events.length === EVENTS.length
          ? "all"
          : EVENTS.filter((one) => endpoint.events.includes(one)).join(", ")}
      </Fact>
      <Fact name="Flows">{endpoint.flows === null ? "all" : endpoint.flows.join(", ")}</Fact>
      <Fact name="Made">
        <Age at={endpoint.createdAt} />, by <VisibleText text={madeBy(endpoint, keys)} />
      </Fact>
      <Fact name="Id">
        <code>{endpoint.id}</code>
      </Fact>
    </FactLine>
  );
}

function Actions({ endpoint }: { endpoint: Endpoint }) {
  const queries = useQueryClient();
  const blocked = useBlocked("admin");
  const [dialog, setDialog] = useState<"edit" | "rotate" | End | null>(() =>
    hasDraft(draftOf(endpoint.id)) ? "edit" : null,
  );
  const close = () => setDialog(null);
  const enabling = useMutation({
    mutationFn: () => enableEndpoint(endpoint.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: webhookKeys.endpoints }),
  });
  const testing = useMutation({
    mutationFn: () => testEndpoint(endpoint.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: webhookKeys.deliveries }),
  });
  const disabled = endpoint.disabledAt !== null;
  const failure = testing.error ?? enabling.error;
  return (
    <>
      <div className={styles["actions"]}>
        <ActionButton
          label="Send a test"
          hint="Sends a signed request of the type webhook.test, which is about no job."
          icon={IconSend}
          busy={testing.isPending}
          blocked={blocked ?? (disabled ? "The endpoint is disabled. Enable it first." : null)}
          onAct={() => testing.mutate()}
        />
        <ActionButton label="Edit…" icon={IconPencil} blocked={blocked} onAct={() => setDialog("edit")} />
        <ActionButton
          label="Rotate secret…"
          hint="Makes a new secret. For a while both secrets sign."
          icon={IconRotateClockwise}
          blocked={blocked}
          onAct={() => setDialog("rotate")}
        />
        {disabled ? (
          <ActionButton
            label="Enable"
            hint="Deliveries to the endpoint start again."
            icon={IconPlayerPlay}
            busy={enabling.isPending}
            blocked={blocked}
            onAct={() => enabling.mutate()}
          />
        ) : (
          <ActionButton
            label="Disable…"
            icon={IconPlayerPause}
            blocked={blocked}
            onAct={() => setDialog("disable")}
          />
        )}
        <ActionButton
          label="Delete…"
          icon={IconTrash}
          danger
          blocked={blocked}
          onAct={() => setDialog("delete")}
        />
        <Link
          to="/webhooks"
          search={{ endpoint: endpoint.id }}
          resetScroll={false}
          hash={DELIVERIES}
          className={styles["toDeliveries"]}
        >
          <IconListSearch size={16} aria-hidden /> Deliveries
        </Link>
      </div>
      <div role="status" className={styles["test"]}>
        {testing.data !== undefined && failure === null && <TestOutcome id={testing.data.id} />}
      </div>
      {failure !== null && <Failure>{messageOf(failure)}</Failure>}
      <EditDialog opened={dialog === "edit"} endpoint={endpoint} onClose={close} />
      <RotateSecretDialog opened={dialog === "rotate"} endpoint={endpoint} onClose={close} />
      <EndDialog
        end={dialog === "disable" || dialog === "delete" ? dialog : null}
        endpoint={endpoint}
        onClose={close}
      />
    </>
  );
}

/** Anchor of the log of deliveries. */
export const DELIVERIES = "deliveries";

/** What came of the newest test. */
function TestOutcome({ id }: { id: string }) {
  const { data } = useQuery(deliveryQuery(id));
  if (data === undefined || (data.state === "pending" && data.tries.length === 0))
    return "The test is being sent…";
  return (
    <span data-outcome={data.state}>
      {data.state === "delivered" ? "The test was delivered. " : "The test was not delivered. "}
      <VisibleText text={wordsFor(data)} />
    </span>
  );
}
