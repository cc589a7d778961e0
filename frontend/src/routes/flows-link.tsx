import { IconRoute } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useAccess, useWhyNot } from "@/access/access-context";
import { flowsQuery } from "@/api/flows";
import type { Flow } from "@/api/model";
import styles from "./shell.module.css";

/** A lane reopens after its wait, without an event. */
const LOOKS_AGAIN_EVERY_MS = 5_000;

/** Shows on every page how many flows are not open: the first thing to know when jobs wait. */
export function FlowsLink() {
  const { state } = useAccess();
  const reads = useWhyNot("read") === null && state === "in";
  const flows = useQuery({
    ...flowsQuery,
    enabled: reads,
    refetchInterval: ({ state }) => (notOpen(state.data) > 0 ? LOOKS_AGAIN_EVERY_MS : false),
  });
  const count = notOpen(flows.data);
  return (
    <Link
      to="/flows"
      className={styles["link"]}
      aria-label={count > 0 ? `Flows, ${count} closed or paused` : undefined}
    >
      <IconRoute className={styles["icon"]} size={20} stroke={1.8} aria-hidden />
      Flows{" "}
      {count > 0 && (
        <span className={styles["trouble"]} title={`${count} closed or paused`}>
          {count}
        </span>
      )}
    </Link>
  );
}

function notOpen(flows: readonly Flow[] | undefined): number {
  return flows?.filter(({ lane }) => lane.state !== "open").length ?? 0;
}
