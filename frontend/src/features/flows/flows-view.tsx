import { Button, Skeleton } from "@mantine/core";
import { IconPlugConnectedX, IconRoute } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { messageOf } from "@/api/errors";
import { flowsQuery, workersQuery } from "@/api/flows";
import type { Flow } from "@/api/model";
import { Notice } from "@/components/notice";
import { focusField } from "@/lib/focus";
import { FlowCard } from "./flow-card";
import styles from "./flows.module.css";
import { inOrderOf, troubleFirst } from "./lane-words";
import { WorkersTable } from "./workers-table";

/** `sought`: the anchor of the flow that a link pointed to. */
export function FlowsView({ sought }: { sought: string }) {
  const flows = useQuery(flowsQuery);
  const workers = useQuery(workersQuery);
  const loaded = flows.data !== undefined;
  const shown = useSteadyOrder(flows.data);

  useEffect(() => {
    if (loaded && sought !== "") focusField(sought);
  }, [loaded, sought]);

  return (
    <div className={styles["page"]}>
      <h1>Flows</h1>
      {flows.isPending && <Skeleton height={220} radius="md" />}
      {flows.isError && flows.data === undefined && (
        <Notice icon={IconPlugConnectedX} title="The flows could not be loaded" tone="bad">
          <p>{messageOf(flows.error)}</p>
          <Button variant="default" onClick={() => void flows.refetch()}>
            Try again
          </Button>
        </Notice>
      )}
      {flows.data?.length === 0 && (
        <Notice icon={IconRoute} title="No flows">
          <p>
            Flows are defined in <code>flows.toml</code>.
          </p>
        </Notice>
      )}
      <div className={styles["cards"]}>
        {shown.map((flow) => (
          <FlowCard key={flow.name} flow={flow} />
        ))}
      </div>
      {workers.data !== undefined && <WorkersTable workers={workers.data} />}
    </div>
  );
}

/** Flows with a problem first when the page is opened; after that, each stays where it is. */
function useSteadyOrder(flows: readonly Flow[] | undefined): readonly Flow[] {
  const before = useRef<readonly string[]>([]);
  const shown = useMemo(() => inOrderOf(before.current, troubleFirst(flows ?? [])), [flows]);
  useEffect(() => {
    before.current = shown.map((flow) => flow.name);
  }, [shown]);
  return shown;
}
