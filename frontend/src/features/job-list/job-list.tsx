import { Button } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowUp } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { messageOf } from "@/api/errors";
import { type JobFilter, jobsQuery } from "@/api/jobs";
import { LoadMore } from "@/components/load-more";
import { useScrolledPast } from "@/lib/scrolled";
import { FilterBar } from "./filter-bar";
import { JobCards } from "./job-cards";
import styles from "./job-list.module.css";
import { JobTable } from "./job-table";
import { CouldNotLoad, Loading, NoMatch, NothingYet } from "./list-states";
import { isFiltered } from "./search";
import { useArrivals } from "./use-arrivals";
import { useRowKeys } from "./use-row-keys";

interface Props {
  filter: JobFilter;
  onChange: (change: Partial<JobFilter>) => void;
}

export function JobList({ filter, onChange }: Props) {
  const top = useRef<HTMLElement>(null);
  const clear = () => onChange({ status: [], flow: "", tag: "", q: "" });
  return (
    <section className={styles["list"]} aria-label="Jobs" ref={top}>
      <FilterBar filter={filter} onChange={onChange} />
      <Rows filter={filter} top={top} onClear={clear} />
    </section>
  );
}

interface RowsProps {
  filter: JobFilter;
  top: React.RefObject<HTMLElement | null>;
  onClear: () => void;
}

function Rows({ filter, top, onClear }: RowsProps) {
  const query = useInfiniteQuery({ ...jobsQuery(filter), placeholderData: keepPreviousData });
  const narrow = useMediaQuery("(max-width: 47.99em)", undefined, { getInitialValueInEffect: false });
  const scrolled = useScrolledPast(top);
  const jobs = query.data?.pages.flatMap((page) => page.jobs) ?? [];
  const { shown, arrived } = useArrivals(jobs, scrolled, JSON.stringify(filter));
  const selected = useRowKeys(shown.map((job) => job.id));

  if (query.isPending) return <Loading />;
  // Old data stay when a refetch fails: the banner says that they may be out of date.
  if (query.data === undefined) {
    return <CouldNotLoad why={messageOf(query.error)} onRetry={() => void query.refetch()} />;
  }
  if (jobs.length === 0) return isFiltered(filter) ? <NoMatch onClear={onClear} /> : <NothingYet />;

  const View = narrow ? JobCards : JobTable;
  return (
    <>
      <div className={styles["arrivals"]} role="status" aria-live="polite">
        {arrived > 0 && (
          <Button
            radius="xl"
            size="xs"
            leftSection={<IconArrowUp size={14} aria-hidden />}
            onClick={() => top.current?.scrollIntoView({ behavior: "smooth", block: "start" })}
          >
            {arrived === 1 ? "1 new job" : `${arrived} new jobs`}
          </Button>
        )}
      </div>
      <View jobs={shown} selected={selected} />
      {query.hasNextPage && (
        <LoadMore
          busy={query.isFetchingNextPage}
          why={query.isFetchNextPageError ? messageOf(query.error) : null}
          onLoad={() => void query.fetchNextPage({ cancelRefetch: false })}
        />
      )}
    </>
  );
}
