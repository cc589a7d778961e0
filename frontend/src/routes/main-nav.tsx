import { IconChartBar, IconList } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { lastList } from "@/lib/last-list";
import { CallbacksLink } from "./callbacks-link";
import { FlowsLink } from "./flows-link";
import styles from "./shell.module.css";

/**
 * The places of the page: in the header, and on phones in a bar at the bottom, under the thumb. Those that are used less
 * are in the menu where there is no room.
 */
export function MainNav({ complete }: { complete: boolean }) {
  return (
    <nav aria-label="Main" className={styles["nav"]}>
      <Link
        to="/"
        search={lastList()}
        activeOptions={{ exact: true, includeSearch: false }}
        className={styles["link"]}
      >
        <IconList className={styles["icon"]} size={20} stroke={1.8} aria-hidden />
        Jobs
      </Link>
      <Link to="/overview" activeOptions={{ includeSearch: false }} className={styles["link"]}>
        <IconChartBar className={styles["icon"]} size={20} stroke={1.8} aria-hidden />
        Overview
      </Link>
      <FlowsLink />
      <CallbacksLink complete={complete} />
      <Link to="/batches" className={`${styles["link"]} ${styles["wide"]}`}>
        Batches
      </Link>
      <Link
        to="/webhooks"
        activeOptions={{ includeSearch: false }}
        className={`${styles["link"]} ${styles["wide"]}`}
      >
        Webhooks
      </Link>
    </nav>
  );
}
