import { Button, Skeleton } from "@mantine/core";
import { IconFilterOff, IconMailOff, IconPlugConnectedX } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { callbackCountsQuery, callbacksQuery } from "@/api/callbacks";
import { messageOf } from "@/api/errors";
import type { CallbackVerdict } from "@/api/model";
import { FilterChips } from "@/components/filter-chips";
import { LoadMore } from "@/components/load-more";
import { Notice } from "@/components/notice";
import { useScrolledPast } from "@/lib/scrolled";
import { CallbackRow } from "./callback-row";
import styles from "./callbacks.module.css";
import { countWords } from "./counts";
import { Decisions } from "./decisions";
import { lookOf, VERDICTS } from "./verdicts";

const LOOKS_AGAIN_EVERY_MS = 10_000;

interface Props {
  verdict: readonly CallbackVerdict[];
  onChange: (verdict: CallbackVerdict[]) => void;
}

export function Inbox({ verdict, onChange }: Props) {
  const top = useRef<HTMLElement>(null);
  const counts = useQuery({ ...callbackCountsQuery, refetchInterval: LOOKS_AGAIN_EVERY_MS }).data;
  const chips = VERDICTS.map((one) => ({ value: one, ...lookOf(one), count: countWords(counts, one) }));
  return (
    <div className={styles["page"]}>
      <header className={styles["intro"]}>
        <h1>Callbacks</h1>
        <p>
          Callbacks that were not applied: late, repeated, for an unknown job, or unreadable. Each is kept
          once, with the number of its deliveries. Late and unreadable ones wait for a person to accept or
          reject them.
        </p>
      </header>
      <section className={styles["list"]} aria-label="Callbacks" ref={top}>
        <div className={styles["filter"]}>
          <FilterChips legend="Filter by verdict" chips={chips} chosen={verdict} onChange={onChange} />
        </div>
        <Rows verdict={verdict} top={top} onClear={() => onChange([])} />
      </section>
    </div>
  );
}

interface RowsProps {
  verdict: readonly CallbackVerdict[];
  top: React.RefObject<HTMLElement | null>;
  onClear: () => void;
}

function Rows({ verdict, top, onClear }: RowsProps) {
  // Rows must not move while somebody reads further down.
  const reading = useScrolledPast(top);
  const query = useInfiniteQuery({
    ...callbacksQuery(verdict),
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: !reading,
    refetchInterval: !reading && LOOKS_AGAIN_EVERY_MS,
  });
  if (query.isPending) return <Loading />;
  if (query.data === undefined) {
    return (
      <Notice icon={IconPlugConnectedX} title="The callbacks could not be loaded" tone="bad">
        <p>{messageOf(query.error)}</p>
        <Button variant="default" onClick={() => void query.refetch()}>
          Try again
        </Button>
      </Notice>
    );
  }
  const callbacks = query.data.pages.flatMap((page) => page.callbacks);
  const jobs = new Map(query.data.pages.flatMap((page) => page.jobs.map((job) => [job.id, job])));
  if (callbacks.length === 0) return verdict.length > 0 ? <NoMatch onClear={onClear} /> : <NothingKept />;
  return (
    <>
      <ul className={styles["rows"]} aria-label="Callbacks, newest first">
        {callbacks.map((callback) => {
          const job = jobs.get(callback.jobId ?? "") ?? null;
          return (
            <CallbackRow key={callback.id} callback={callback} job={job} named={job}>
              <Decisions job={job} callback={callback} inList />
            </CallbackRow>
          );
        })}
      </ul>
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

function NothingKept() {
  return (
    <Notice icon={IconMailOff} title="No callbacks, and that is good">
      <p>
        Applied callbacks are not listed here. A callback that is late, has a different result, names an
        unknown job or cannot be read is kept on this page. A late result can still be accepted.
      </p>
    </Notice>
  );
}

function NoMatch({ onClear }: { onClear: () => void }) {
  return (
    <Notice icon={IconFilterOff} title="No callback of this kind">
      <p>Choose another kind, or show all.</p>
      <Button variant="default" onClick={onClear}>
        Show all kinds
      </Button>
    </Notice>
  );
}

function Loading() {
  return (
    <div role="status" aria-label="Loading callbacks" className={styles["loading"]}>
      {["62%", "48%", "71%", "40%"].map((width) => (
        <Skeleton key={width} height={14} width={width} />
      ))}
    </div>
  );
}
