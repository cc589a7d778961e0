import { Button, Skeleton } from "@mantine/core";
import { IconDownload, IconFilterOff, IconListDetails, IconPlugConnectedX } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { type AuditFilter, auditQuery, exportAddress } from "@/api/audit";
import { messageOf } from "@/api/errors";
import { keysQuery } from "@/api/keys";
import { LoadMore } from "@/components/load-more";
import { Notice } from "@/components/notice";
import { useScrolledPast } from "@/lib/scrolled";
import styles from "./audit.module.css";
import { AuditFilters } from "./audit-filters";
import { AuditRow } from "./audit-row";
import { isFiltered } from "./search";

const LOOKS_AGAIN_EVERY_MS = 10_000;
const NO_FILTER: AuditFilter = { act: [], outcome: [], who: "", what: "", since: "", until: "" };

interface Props {
  filter: AuditFilter;
  onChange: (change: Partial<AuditFilter>) => void;
}

export function AuditView({ filter, onChange }: Props) {
  const top = useRef<HTMLElement>(null);
  return (
    <div className={styles["page"]}>
      <header className={styles["intro"]}>
        <div>
          <h1>Audit</h1>
          <p>
            Who did what, from where, with which outcome: sign-ins, refused requests, keys, and every act on
            jobs and flows. Never a prompt, a result or a secret.
          </p>
        </div>
        <Button
          component="a"
          href={exportAddress(filter)}
          download="audit.ndjson"
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
        >
          {isFiltered(filter) ? "Export what matches" : "Export all"}
        </Button>
      </header>
      <section className={styles["list"]} aria-label="Audit" ref={top}>
        <AuditFilters filter={filter} onChange={onChange} />
        <Rows filter={filter} top={top} onChange={onChange} />
      </section>
    </div>
  );
}

interface RowsProps extends Props {
  top: React.RefObject<HTMLElement | null>;
}

function Rows({ filter, top, onChange }: RowsProps) {
  // Rows must not move while somebody reads further down.
  const reading = useScrolledPast(top);
  const query = useInfiniteQuery({
    ...auditQuery(filter),
    placeholderData: keepPreviousData,
    refetchInterval: !reading && LOOKS_AGAIN_EVERY_MS,
  });
  const keys = useQuery(keysQuery).data;
  const names = useMemo(() => new Map(keys?.map(({ id, name }) => [id, name])), [keys]);
  if (query.isPending) return <Loading />;
  if (query.data === undefined) {
    return (
      <Notice icon={IconPlugConnectedX} title="The audit could not be loaded" tone="bad">
        <p>{messageOf(query.error)}</p>
        <Button variant="default" onClick={() => void query.refetch()}>
          Try again
        </Button>
      </Notice>
    );
  }
  const entries = query.data.pages.flatMap((page) => page.entries);
  if (entries.length === 0) {
    return isFiltered(filter) ? <NoMatch onClear={() => onChange(NO_FILTER)} /> : <NothingYet />;
  }
  return (
    <>
      <ul className={styles["rows"]} aria-label="Entries, newest first">
        {entries.map((entry) => (
          <AuditRow key={entry.id} entry={entry} names={names} onFilter={onChange} />
        ))}
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

function NothingYet() {
  return (
    <Notice icon={IconListDetails} title="Nothing happened yet">
      <p>The first cancel, retry, pause or sign-in is written down here.</p>
    </Notice>
  );
}

function NoMatch({ onClear }: { onClear: () => void }) {
  return (
    <Notice icon={IconFilterOff} title="No entry matches these filters">
      <Button variant="default" onClick={onClear}>
        Clear all filters
      </Button>
    </Notice>
  );
}

function Loading() {
  return (
    <div role="status" aria-label="Loading the audit" className={styles["loading"]}>
      {["62%", "48%", "71%", "40%"].map((width) => (
        <Skeleton key={width} height={14} width={width} />
      ))}
    </div>
  );
}
