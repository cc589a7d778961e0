import { Skeleton } from "@mantine/core";
import { IconPlugConnectedX, IconRoute } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { messageOf } from "@/api/errors";
import { flowsQuery, workersQuery } from "@/api/flows";
import { Notice } from "@/components/notice";
import { FlowCard } from "./flow-card";
import styles from "./flows.module.css";
import { WorkersTable } from "./workers-table";

export function FlowsView() {
  const flows = useQuery(flowsQuery);
  const workers = useQuery(workersQuery);
  return (
    <div className={styles["page"]}>
      <h1>Flows</h1>
      {flows.isPending && <Skeleton height={220} radius="md" />}
      {flows.isError && flows.data === undefined && (
        <Notice icon={IconPlugConnectedX} title="The flows could not be loaded" tone="bad">
          <p>{messageOf(flows.error)}</p>
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
        {flows.data?.map((flow) => (
          <FlowCard key={flow.name} flow={flow} />
        ))}
      </div>
      {workers.data !== undefined && <WorkersTable workers={workers.data} />}
    </div>
  );
}
