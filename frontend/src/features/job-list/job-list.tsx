import { useMediaQuery } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useWhyNot } from "@/access/access-context";
import { countMatching } from "@/api/bulk-actions";
import { messageOf, searchErrorOf } from "@/api/errors";
import { type JobFilter, type Row, rowsKey } from "@/api/job-rows";
import type { BulkAction, BulkCount } from "@/api/model";
import { Card } from "@/components/card";
import { LoadMore } from "@/components/load-more";
import { NotLoaded } from "@/components/not-loaded";
import { BulkBar } from "./bulk-bar";
import { BulkList } from "./bulk-list";
import { FilterBar } from "./filter-bar";
import { Groups } from "./groups";
import { JobCards } from "./job-cards";
import styles from "./job-list.module.css";
import { JobTable } from "./job-table";
import { Loading, NoJobMatches, NothingYet, UnreadableSearch } from "./list-states";
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
  /** The job that is peeked at. */
  peeked: string | null;
  onPeek: (id: string) => void;
}

export function JobList({ filter, onChange, peeked, onPeek }: Props) {
  const list = useRef<HTMLElement>(null);
  const [groupsShown, setGroupsShown] = useState(false);
  const [started, setStarted] = useState<BulkAction | null>(null);
  const narrow = useMediaQuery("(max-width: 47.99em)", undefined, { getInitialValueInEffect: false });
  const clear = () => onChange({ status: [], flow: "", tag: "", q: "" });
  return (
    <Card label="Jobs" ref={list} data-peeked={peeked ?? undefined}>
      <FilterBar filter={filter} onChange={onChange} />
      <ListTools filter={filter} narrow={narrow} groupsShown={groupsShown} onGroups={setGroupsShown} />
      {groupsShown && <Groups filter={filter} onStarted={setStarted} />}
      <BulkList started={started} />
      <Rows
        filter={filter}
        narrow={narrow}
        list={list}
        onClear={clear}
        onStarted={setStarted}
        peeked={peeked}
        onPeek={onPeek}
      />
    </Card>
  );
}

interface RowsProps {
  filter: JobFilter;
  narrow: boolean;
  list: React.RefObject<HTMLElement | null>;
  onClear: () => void;
  onStarted: (action: BulkAction) => void;
  peeked: string | null;
  onPeek: (id: string) => void;
}

function Rows({ filter, narrow, list, onClear, onStarted, peeked, onPeek }: RowsProps) {
  const inSight = useRef<readonly string[]>([]);
  const { query, rows, news, show, more } = useRows(filter, list, inSight);
  const total = totalOf(filter, useCounts(filter));
  const mayNot = useWhyNot("operate") !== null;
  const { selected, select } = useSelection(filter);
  const keys = useRowKeys(
    rows.map((row) => row.id),
    peeked,
    onPeek,
  );

  if (query.isPending) return <Loading />;
  // Old data stay when a refetch fails: the banner says that they may be out of date.
  if (query.data === undefined) {
    return searchErrorOf(query.error) === null ? (
      <NotLoaded what="The jobs" why={messageOf(query.error)} onRetry={() => void query.refetch()} />
    ) : (
      <UnreadableSearch onClear={onClear} />
    );
  }
  const applying = query.isPlaceholderData;
  if (rows.length === 0 && !applying)
    return isFiltered(filter) ? <NoJobMatches onClear={onClear} /> : <NothingYet />;

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
        isSelected={mayNot ? null : selected !== null}
        onSelect={select}
        onShow={(byKeyboard) => void showNews(byKeyboard)}
      />
      <BulkBar
        filter={filter}
        selected={selected}
        onStarted={(action) => {
          select(false);
          onStarted(action);
        }}
      />
      <div className={styles["rows"]} aria-busy={applying} data-applying={applying || undefined}>
        <View
          key={JSON.stringify(rowsKey(filter))}
          rows={rows}
          keys={keys}
          total={query.hasNextPage ? -1 : rows.length}
          onPeek={onPeek}
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

/** All jobs that match the filter, with their number; another filter selects nothing. */
function useSelection(filter: JobFilter) {
  const [chosen, setChosen] = useState<{ filter: JobFilter; matched: BulkCount | "counting" } | null>(null);
  const counting = useMutation({
    mutationFn: countMatching,
    onSuccess: (matched, counted) =>
      setChosen((now) => (now?.filter === counted ? { filter: counted, matched } : now)),
    onError: (error) => {
      setChosen(null);
      notifications.show({ color: "red", title: "The jobs could not be counted", message: messageOf(error) });
    },
  });
  return {
    selected: chosen?.filter === filter ? chosen.matched : null,
    select(selected: boolean) {
      setChosen(selected ? { filter, matched: "counting" } : null);
      if (selected) counting.mutate(filter);
    },
  };
}
