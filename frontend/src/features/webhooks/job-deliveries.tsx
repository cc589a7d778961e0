import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useWhyNot } from "@/access/access-context";
import { messageOf } from "@/api/errors";
import type { Job } from "@/api/model";
import { endpointsQuery, jobDeliveriesQuery } from "@/api/webhooks";
import { ShowAll } from "@/components/load-more";
import { PartNotLoaded } from "@/components/not-loaded";
import { Panel } from "@/components/panel";
import { VisibleText } from "@/components/result/visible-text";
import { Rows } from "@/components/rows";
import { isFinal } from "@/lib/status";
import styles from "./deliveries.module.css";
import { DeliveryRow } from "./delivery-row";
import { EVENTS } from "./words";

const SHOWN_AT_ONCE = 5;

/** Who is, or was, told of the job's end; nothing where nobody is. */
export function JobDeliveries({ job }: { job: Job }) {
  const [all, setAll] = useState(false);
  const end = isFinal(job.status) ? job.updatedAt : null;
  const query = useQuery({ ...jobDeliveriesQuery(job.id, end), placeholderData: keepPreviousData });
  const deliveries = query.data ?? [];
  const admin = useWhyNot("admin") === null;
  const endpoints = useQuery({ ...endpointsQuery, enabled: admin && deliveries.length > 0 }).data;
  if (query.isError && query.data === undefined) {
    return (
      <Panel title="Webhooks">
        <PartNotLoaded
          what="The webhook deliveries of this job"
          why={messageOf(query.error)}
          onRetry={() => void query.refetch()}
        />
      </Panel>
    );
  }
  if (job.webhook === null && deliveries.length === 0) return null;
  const shown = all ? deliveries : deliveries.slice(0, SHOWN_AT_ONCE);
  return (
    <Panel
      title="Webhooks"
      flush
      aside={
        deliveries.length > 0 && (
          <Link to="/webhooks" search={{ job: job.id }} className={styles["log"]}>
            Open in Webhooks
          </Link>
        )
      }
    >
      {job.webhook !== null && (
        <p className={styles["asked"]}>
          Webhook of this job{eventsOf(job.webhook.events)}:{" "}
          <code>
            <VisibleText text={job.webhook.url} />
          </code>
        </p>
      )}
      {shown.length > 0 && (
        <Rows label="Deliveries of this job, newest first">
          {shown.map((delivery) => (
            <DeliveryRow key={delivery.id} delivery={delivery} endpoints={endpoints} ofJob />
          ))}
        </Rows>
      )}
      {shown.length < deliveries.length && <ShowAll count={deliveries.length} onShow={() => setAll(true)} />}
    </Panel>
  );
}

function eventsOf(events: readonly string[]): string {
  return events.length === EVENTS.length
    ? ""
    : ` (if ${EVENTS.filter((one) => events.includes(one)).join(" or ")})`;
}
