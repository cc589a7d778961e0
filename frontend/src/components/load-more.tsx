import { Button } from "@mantine/core";
import styles from "./load-more.module.css";

interface Props {
  query: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly isFetchNextPageError: boolean;
  };
  /** Its error, in words. */
  why: string;
  onLoad: () => void;
}

/** Loads the next page of a list; nothing after the last. */
export function LoadMore({ query, why, onLoad }: Props) {
  return query.hasNextPage ? (
    <div className={styles["more"]}>
      <Button variant="default" loading={query.isFetchingNextPage} onClick={onLoad}>
        Load more
      </Button>
      {query.isFetchNextPageError && <p role="alert">{why}</p>}
    </div>
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
