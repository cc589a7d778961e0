import { Button } from "@mantine/core";
import styles from "./load-more.module.css";

interface Props {
  busy: boolean;
  /** Why the last try failed; null when it did not. */
  why: string | null;
  onLoad: () => void;
}

/** Below a list that goes on. */
export function LoadMore({ busy, why, onLoad }: Props) {
  return (
    <div className={styles["more"]}>
      <Button variant="default" loading={busy} onClick={onLoad}>
        Load more
      </Button>
      {why !== null && <p role="alert">{why}</p>}
    </div>
  );
}
