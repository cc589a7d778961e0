import { useMediaQuery } from "@mantine/hooks";
import { useRef, useState } from "react";
import { messageOf, searchErrorOf } from "@/api/errors";
import { type JobFilter, type Row, rowsKey } from "@/api/job-rows";
import { LoadMore } from "@/components/load-more";
import { Failures } from "./failures";
import { FilterBar } from "./filter-bar";
import { JobCards } from "./job-cards";
import styles from "./job-list.module.css";
import { JobTable } from "./job-table";
import { CouldNotLoad, Loading, NoMatch, NothingYet, UnreadableSearch } from "./list-states";
import { ListStrip } from "./list-strip";
import { ListTools } from "./list-tools";
import { matches } from "./news";
import { isFiltered } from "./search";
import { totalOf } from "./total";
import { useCounts } from "./use-counts";
import { useRowKeys } from "./use-row-keys";
import { useRows } from "./use-rows";

interface Props {
  filter: JobFilter;
  onChange: (change: Partial<JobFilter>) => void;
}

export function JobList({ filter, onChange }: Props) {
  const list = useRef<HTMLElement>(null);
  const [failuresShown, setFailuresShown] = useState(false);
  const clear = () => onChange({ status: [], flow: "", tag: "", q: "" });
  return (
    <section className={styles["list"]} aria-label="Jobs" ref={list}>
      <FilterBar filter={filter} onChange={onChange} />
      <ListTools filter={filter} failuresShown={failuresShown} onFailures={setFailuresShown} />
      {failuresShown && <Failures filter={filter} onChange={onChange} />}
      <Rows filter={filter} list={list} onClear={clear} />
    </section>
  );
}

interface RowsProps {
  filter: JobFilter;
  list: React.RefObject<HTMLElement | null>;
  onClear: () => void;
}

function Rows({ filter, list, onClear }: RowsProps) {
  const inSight = useRef<readonly string[]>([]);
  const { query, rows, news, show, more } = useRows(filter, list, inSight);
  const narrow = useMediaQuery("(max-width: 47.99em)", undefined, { getInitialValueInEffect: false });
  const total = totalOf(filter, useCounts(filter));
  const keys = useRowKeys(rows.map((row) => row.id));

  if (query.isPending) return <Loading />;
  // Old data stay when a refetch fails: the banner says that they may be out of date.
  if (query.data === undefined) {
    return searchErrorOf(query.error) === null ? (
      <CouldNotLoad why={messageOf(query.error)} onRetry={() => void query.refetch()} />
    ) : (
      <UnreadableSearch onClear={onClear} />
    );
  }
  const applying = query.isPlaceholderData;
  if (rows.length === 0 && !applying)
    return isFiltered(filter) ? <NoMatch onClear={onClear} /> : <NothingYet />;

  const showNews = async (byKeyboard: boolean) => {
    await show();
    scrollTo({ top: 0 });
    // The button is gone: the focus goes to what it brought.
    if (byKeyboard) list.current?.querySelector<HTMLElement>("[data-job] a")?.focus({ preventScroll: true });
  };
  const View = narrow ? JobCards : JobTable;
  return (
    <>
      <ListStrip
        loaded={rows.length}
        total={total}
        isWhole={!query.hasNextPage}
        applying={applying}
        news={news}
        onShow={(byKeyboard) => void showNews(byKeyboard)}
      />
      <div className={styles["rows"]} aria-busy={applying} data-applying={applying || undefined}>
        <View
          key={JSON.stringify(rowsKey(filter))}
          rows={rows}
          keys={keys}
          total={query.hasNextPage ? -1 : rows.length}
          isLeft={(row: Row) => !applying && !matches(filter, row)}
          onDrawn={(indexes) => {
            inSight.current = indexes.flatMap((index) => rows[index]?.id ?? []);
          }}
        />
      </div>
      {query.hasNextPage && !applying && (
        <LoadMore
          busy={query.isFetchingNextPage}
          why={query.isFetchNextPageError ? messageOf(query.error) : null}
          onLoad={() => void more().catch(() => {})}
        />
      )}
    </>
  );
}
