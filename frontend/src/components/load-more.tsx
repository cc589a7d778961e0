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

interface PagesProps {
  query: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly isFetchNextPageError: boolean;
    readonly fetchNextPage: (how: { cancelRefetch: boolean }) => Promise<unknown>;
  };
  /** Its error, in words. */
  why: string;
}

/** Loads the next page of a query; nothing after the last. */
export function NextPage({ query, why }: PagesProps) {
  return query.hasNextPage ? (
    <LoadMore
      busy={query.isFetchingNextPage}
      why={query.isFetchNextPageError ? why : null}
      onLoad={() => void query.fetchNextPage({ cancelRefetch: false })}
    />
  ) : null;
}

/** Shows the rest of a list of which only the first rows are shown. */
export function ShowAll({ count, onShow }: { count: number; onShow: () => void }) {
  return (
    <div className={styles["more"]}>
      <Button variant="default" onClick={onShow}>
        Show all {count}
      </Button>
    </div>
  );
}
