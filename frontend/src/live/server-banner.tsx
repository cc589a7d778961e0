import { IconPlugConnectedX } from "@tabler/icons-react";
import { useLive } from "./live-context";
import styles from "./server-banner.module.css";

/** Always in the page, so that screen readers notice when it fills. */
export function ServerBanner() {
  const { mode, server } = useLive();
  return (
    <div role="status" aria-live="polite" className={styles["place"]}>
      {mode === "offline" && (
        <div className={styles["banner"]} data-testid="server-banner">
          <IconPlugConnectedX size={18} aria-hidden />
          <p>
            <strong>
              {server === "store-down"
                ? "The server's store does not answer."
                : "The server cannot be reached."}
            </strong>{" "}
            Trying again every 2 seconds. What you have typed stays here, and everything goes on by itself
            once it is back.
          </p>
        </div>
      )}
    </div>
  );
}
