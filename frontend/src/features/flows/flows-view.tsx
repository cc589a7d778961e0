import { Drawer, Skeleton } from "@mantine/core";
import { IconRoute } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { useKeptOpen } from "@/access/access-context";
import { messageOf } from "@/api/errors";
import { flowsQuery, workersQuery } from "@/api/flows";
import type { Flow } from "@/api/model";
import { Card } from "@/components/card";
import { NotLoaded } from "@/components/not-loaded";
import { Notice } from "@/components/notice";
import { flowAnchor } from "@/lib/focus";
import { FlowDetails } from "./flow-details";
import styles from "./flows.module.css";
import { FlowsTable } from "./flows-table";
import { inOrderOf, troubleFirst } from "./lane-words";
import { useLately } from "./use-lately";
import { WorkersTable } from "./workers-table";

interface Props {
  /** The anchor of the flow whose details are open; "": of none. */
  sought: string;
  onClose: () => void;
}

export function FlowsView({ sought, onClose }: Props) {
  const flows = useQuery(flowsQuery);
  const workers = useQuery(workersQuery);
  const shown = useSteadyOrder(flows.data);
  const lately = useLately();
  const open = shown.find(({ name }) => flowAnchor(name) === sought);
  // It is still shown while the drawer closes.
  const last = useRef(open);
  useEffect(() => {
    if (open !== undefined) last.current = open;
  }, [open]);
  const details = open ?? last.current;

  return (
    <div className={styles["page"]}>
      <h1>Flows</h1>
      {flows.isPending && <Skeleton height={220} radius="md" />}
      {flows.isError && flows.data === undefined && (
        <NotLoaded what="The flows" why={messageOf(flows.error)} onRetry={() => void flows.refetch()} />
      )}
      {flows.data?.length === 0 && (
        <Notice icon={IconRoute} title="No flows">
          <p>
            Flows are defined in <code>flows.toml</code>.
          </p>
        </Notice>
      )}
      {shown.length > 0 && (
        <Card>
          <FlowsTable flows={shown} lately={lately} />
        </Card>
      )}
      {workers.data !== undefined && <WorkersTable workers={workers.data} />}
      <Drawer
        opened={open !== undefined}
        onClose={useKeptOpen(onClose)}
        title={details?.name}
        position="right"
        // As the peek's: the table stays readable.
        overlayProps={{ backgroundOpacity: 0.12 }}
        closeButtonProps={{ "aria-label": "Close" }}
        // Its <header> would count as a second banner landmark.
        attributes={{
          header: { role: "presentation" },
          // Its text is read first; the cross would stand out, as if it were what one came for.
          body: { tabIndex: -1, "data-autofocus": true },
        }}
        classNames={{ body: styles["drawerBody"] ?? "" }}
      >
        {details !== undefined && <FlowDetails key={details.name} flow={details} />}
      </Drawer>
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
