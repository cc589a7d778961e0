import { IconAlertTriangle, IconPlugConnectedX } from "@tabler/icons-react";
import { messageOf } from "@/api/errors";
import type { Staleness } from "@/api/freshness";
import { formatTimeOfDay } from "@/lib/time";
import { useLive, useRefresh } from "./live-context";
import styles from "./server-banner.module.css";

/** Always mounted, so that screen readers announce its content. */
export function ServerBanner() {
  const { mode, server, staleness } = useLive();
  return (
    <div role="status" aria-live="polite" className={styles["place"]}>
      {mode === "offline" && (
        <div className={styles["banner"]} data-testid="server-banner">
          <IconPlugConnectedX size={18} aria-hidden />
          <p>
            <strong>
              {server === "store-down"
                ? "The server's database does not answer."
                : "The server cannot be reached."}
            </strong>{" "}
            Retrying every 2 seconds. What you typed is kept, and the page continues by itself when the server
            is back.
          </p>
        </div>
      )}
      {mode !== "offline" && staleness !== null && <StaleLine {...staleness} />}
    </div>
  );
}

function StaleLine({ since, error }: Staleness) {
  const refresh = useRefresh();
  return (
    <div className={styles["banner"]} data-tone="amber" data-testid="stale-line">
      <IconAlertTriangle size={18} aria-hidden />
      <p>
        <strong>This page could not be refreshed since {formatTimeOfDay(since)}.</strong> {messageOf(error)}{" "}
        <button type="button" className={styles["again"]} onClick={refresh}>
          Try again
        </button>
      </p>
    </div>
  );
}
