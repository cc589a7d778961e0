import { IconChevronRight, IconSend } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useId, useState } from "react";
import { messageOf } from "@/api/errors";
import type { Delivery, Endpoint } from "@/api/model";
import { replayDelivery, webhookKeys } from "@/api/webhooks";
import { ActionButton } from "@/components/action-button";
import { VisibleText } from "@/components/result/visible-text";
import { Age, Countdown } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import { useBlocked } from "@/live/use-blocked";
import styles from "./deliveries.module.css";
import { DeliveryDetails } from "./delivery-details";
import { countOfTries, lookOf, nameOf, whyNotSent, wordsFor } from "./words";

interface Props {
  delivery: Delivery;
  /** Undefined where one may not see them. */
  endpoints: readonly Endpoint[] | undefined;
  /** On the page of its job, which need not be named. */
  ofJob?: boolean;
}

export function DeliveryRow({ delivery, endpoints, ofJob = false }: Props) {
  const [shown, setShown] = useState(false);
  const detailsId = useId();
  const { label, tone, icon } = lookOf(delivery);
  return (
    <li className={styles["row"]} data-delivery={delivery.id} data-state={delivery.state}>
      <div className={styles["top"]}>
        <ToneBadge tone={tone} icon={icon}>
          {label}
        </ToneBadge>
        <p className={styles["what"]}>
          <code className={styles["event"]}>{delivery.event}</code>{" "}
          <span className={styles["to"]}>
            to <Receiver delivery={delivery} endpoints={endpoints} />
          </span>
        </p>
        <span className={styles["when"]}>
          <Age at={delivery.createdAt} />
        </span>
      </div>
      <div className={styles["foot"]}>
        <p className={styles["words"]}>
          <VisibleText text={wordsFor(delivery)} />
          {delivery.nextAt !== null && delivery.tries.length > 0 && (
            <>
              {" "}
              Next try <Countdown until={delivery.nextAt} />.
            </>
          )}
        </p>
        <button
          type="button"
          className={styles["fold"]}
          aria-expanded={shown}
          aria-controls={shown ? detailsId : undefined}
          onClick={() => setShown(!shown)}
        >
          <IconChevronRight size={15} aria-hidden />
          Request and answers
          <span className={styles["count"]}>{countOfTries(delivery.tries.length)}</span>
        </button>
        {!ofJob && delivery.jobId !== null && (
          <span className={styles["fact"]}>
            Job{" "}
            <Link to="/jobs/$id" params={{ id: delivery.jobId }}>
              <code>{delivery.jobId}</code>
            </Link>
          </span>
        )}
        {delivery.batchId !== null && (
          <span className={styles["fact"]}>
            Batch{" "}
            <Link to="/batches/$id" params={{ id: delivery.batchId }}>
              <code>{delivery.batchId}</code>
            </Link>
          </span>
        )}
        <Again delivery={delivery} endpoints={endpoints} />
      </div>
      {shown && (
        <div id={detailsId} className={styles["details"]}>
          <DeliveryDetails delivery={delivery} />
        </div>
      )}
    </li>
  );
}

function Receiver({ delivery, endpoints }: Pick<Props, "delivery" | "endpoints">) {
  const endpoint = endpoints?.find(({ id }) => id === delivery.endpointId);
  return (
    <>
      {endpoint !== undefined && endpoint.description !== "" && (
        <>
          <strong>
            <VisibleText text={nameOf(endpoint)} />
          </strong>
          {", "}
        </>
      )}
      <code>
        <VisibleText text={delivery.url} />
      </code>
      {delivery.endpointId === null && (
        <span className={styles["own"]}>
          {" "}
          ({delivery.batchId === null ? "the job's" : "the batch's"} own webhook)
        </span>
      )}
    </>
  );
}

function Again({ delivery, endpoints }: Pick<Props, "delivery" | "endpoints">) {
  const queries = useQueryClient();
  const blocked = useBlocked("operate");
  const pending = delivery.state === "pending";
  const sending = useMutation({
    mutationFn: () => replayDelivery(delivery.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: webhookKeys.deliveries }),
  });
  return (
    <span className={styles["again"]}>
      {sending.isError && (
        <span role="alert" className={styles["failed"]}>
          {messageOf(sending.error)}
        </span>
      )}
      <ActionButton
        label={pending ? "Send now" : "Send again"}
        hint="Sends the delivery again, with the same id and body and a new signature."
        icon={IconSend}
        busy={sending.isPending}
        blocked={blocked ?? whyNotSent(delivery, endpoints)}
        onAct={() => sending.mutate()}
      />
    </span>
  );
}
