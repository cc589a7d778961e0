import { Button } from "@mantine/core";
import { IconDownload, IconListDetails } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { type AuditFilter, auditQuery, exportAddress } from "@/api/audit";
import { messageOf } from "@/api/errors";
import { keysQuery } from "@/api/keys";
import { Card } from "@/components/card";
import { NextPage } from "@/components/load-more";
import { NoMatch } from "@/components/no-match";
import { NotLoaded } from "@/components/not-loaded";
import { Notice } from "@/components/notice";
import { PageFrame } from "@/components/page-frame";
import { LoadingRows, Rows } from "@/components/rows";
import { useScrolledPast } from "@/lib/scrolled";
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
    <PageFrame
      title="Audit"
      about="Who did what, from where, with which outcome: sign-ins, refused requests, keys, and every act on jobs and flows. Never a prompt, a result or a secret."
      action={
        <Button
          component="a"
          href={exportAddress(filter)}
          download="audit.ndjson"
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
        >
          {isFiltered(filter) ? "Export what matches" : "Export all"}
        </Button>
      }
    >
      <Card label="Audit" ref={top}>
        <AuditFilters filter={filter} onChange={onChange} />
        <Entries filter={filter} top={top} onChange={onChange} />
      </Card>
    </PageFrame>
  );
}

interface EntriesProps extends Props {
  top: React.RefObject<HTMLElement | null>;
}

function Entries({ filter, top, onChange }: EntriesProps) {
  // Rows must not move while somebody reads further down.
  const reading = useScrolledPast(top);
  const query = useInfiniteQuery({
    ...auditQuery(filter),
    placeholderData: keepPreviousData,
    refetchInterval: !reading && LOOKS_AGAIN_EVERY_MS,
  });
  const keys = useQuery(keysQuery).data;
  const names = useMemo(() => new Map(keys?.map(({ id, name }) => [id, name])), [keys]);
  if (query.isPending) return <LoadingRows label="Loading the audit" />;
  if (query.data === undefined) {
    return <NotLoaded what="The audit" why={messageOf(query.error)} onRetry={() => void query.refetch()} />;
  }
  const entries = query.data.pages.flatMap((page) => page.entries);
  if (entries.length === 0) {
    return isFiltered(filter) ? (
      <NoMatch title="No entry matches these filters" onClear={() => onChange(NO_FILTER)} />
    ) : (
      <NothingYet />
    );
  }
  return (
    <>
      <Rows label="Entries, newest first">
        {entries.map((entry) => (
          <AuditRow key={entry.id} entry={entry} names={names} onFilter={onChange} />
        ))}
      </Rows>
      <NextPage query={query} why={messageOf(query.error)} />
    </>
  );
}

function NothingYet() {
  return (
    <Notice icon={IconListDetails} title="No entry yet">
      <p>Sign-ins, refused requests, and acts on jobs, flows and keys are listed here.</p>
    </Notice>
  );
}
