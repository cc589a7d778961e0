import { Button } from "@mantine/core";
import styles from "./load-more.module.css";

interface Props {
  busy: boolean;
  /** Why the last try failed; null if it did not. */
  why: string | null;
  onLoad: () => void;
}

/** Loads the next page of a list. */
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
