import { Button, Skeleton } from "@mantine/core";
import { IconLock, IconPlus, IconWebhook } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useWhyNot } from "@/access/access-context";
import { messageOf } from "@/api/errors";
import { endpointsQuery } from "@/api/webhooks";
import { NotLoaded } from "@/components/not-loaded";
import { Notice } from "@/components/notice";
import { Panel } from "@/components/panel";
import { Rows } from "@/components/rows";
import { hasDraft } from "@/lib/draft";
import { CreateDialog, NEW_ENDPOINT } from "./endpoint-dialogs";
import { EndpointRow } from "./endpoint-row";
import styles from "./webhooks.module.css";

/** The standing endpoints, for administrators; for others, why they are not shown. */
export function Endpoints() {
  const why = useWhyNot("admin");
  const [creating, setCreating] = useState(() => why === null && hasDraft(NEW_ENDPOINT));
  return (
    <Panel
      title="Endpoints"
      flush
      aside={
        why === null && (
          <Button
            size="compact-sm"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={() => setCreating(true)}
          >
            New endpoint
          </Button>
        )
      }
    >
      {why === null ? (
        <Standing />
      ) : (
        <p className={styles["locked"]}>
          <IconLock size={16} aria-hidden />
          <span>{why} Only administrators see and make endpoints.</span>
        </p>
      )}
      <CreateDialog opened={creating} onClose={() => setCreating(false)} />
    </Panel>
  );
}

function Standing() {
  const query = useQuery(endpointsQuery);
  if (query.isPending) {
    return (
      <div role="status" aria-label="Loading the endpoints" className={styles["loading"]}>
        <Skeleton height={14} width="48%" />
        <Skeleton height={14} width="62%" />
      </div>
    );
  }
  if (query.data === undefined) {
    return (
      <NotLoaded what="The endpoints" why={messageOf(query.error)} onRetry={() => void query.refetch()} />
    );
  }
  if (query.data.length === 0) {
    return (
      <Notice icon={IconWebhook} title="No endpoint yet">
        <p>
          An endpoint is a URL that gets a signed request when a job ends. You choose which ends and which
          flows.
        </p>
      </Notice>
    );
  }
  return (
    <Rows label="Endpoints, newest first">
      {query.data.map((endpoint) => (
        <EndpointRow key={endpoint.id} endpoint={endpoint} />
      ))}
    </Rows>
  );
}
