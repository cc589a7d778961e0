import { IconPlugConnectedX } from "@tabler/icons-react";
import { useLive } from "./live-context";
import styles from "./server-banner.module.css";

/** Always mounted, so that screen readers announce its content. */
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
                ? "The server's database does not answer."
                : "The server cannot be reached."}
            </strong>{" "}
            Retrying every 2 seconds. What you typed is kept, and the page continues by itself when the server
            is back.
          </p>
        </div>
      )}
    </div>
  );
}
