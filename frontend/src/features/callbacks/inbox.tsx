import { Button } from "@mantine/core";
import { IconFilterOff, IconMailOff } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { callbackCountsQuery, callbacksQuery } from "@/api/callbacks";
import { messageOf } from "@/api/errors";
import type { CallbackVerdict } from "@/api/model";
import { Card } from "@/components/card";
import { FilterChips } from "@/components/filter-chips";
import { Filters } from "@/components/filters";
import { NextPage } from "@/components/load-more";
import { NotLoaded } from "@/components/not-loaded";
import { Notice } from "@/components/notice";
import { PageFrame } from "@/components/page-frame";
import { LoadingRows, Rows } from "@/components/rows";
import { useScrolledPast } from "@/lib/scrolled";
import { CallbackRow } from "./callback-row";
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
    <PageFrame
      title="Callbacks"
      about="Callbacks that were not applied: late, repeated, for an unknown job, or unreadable. Each is kept once, with the number of its deliveries. Late and unreadable ones wait for a person to accept or reject them."
    >
      <Card label="Callbacks" ref={top}>
        <Filters>
          <FilterChips legend="Filter by verdict" chips={chips} chosen={verdict} onChange={onChange} />
        </Filters>
        <Kept verdict={verdict} top={top} onClear={() => onChange([])} />
      </Card>
    </PageFrame>
  );
}

interface KeptProps {
  verdict: readonly CallbackVerdict[];
  top: React.RefObject<HTMLElement | null>;
  onClear: () => void;
}

function Kept({ verdict, top, onClear }: KeptProps) {
  // Rows must not move while somebody reads further down.
  const reading = useScrolledPast(top);
  const query = useInfiniteQuery({
    ...callbacksQuery(verdict),
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: !reading,
    refetchInterval: !reading && LOOKS_AGAIN_EVERY_MS,
  });
  if (query.isPending) return <LoadingRows label="Loading callbacks" />;
  if (query.data === undefined) {
    return (
      <NotLoaded what="The callbacks" why={messageOf(query.error)} onRetry={() => void query.refetch()} />
    );
  }
  const callbacks = query.data.pages.flatMap((page) => page.callbacks);
  const jobs = new Map(query.data.pages.flatMap((page) => page.jobs.map((job) => [job.id, job])));
  if (callbacks.length === 0) return verdict.length > 0 ? <NoMatch onClear={onClear} /> : <NothingKept />;
  return (
    <>
      <Rows label="Callbacks, newest first">
        {callbacks.map((callback) => {
          const job = jobs.get(callback.jobId ?? "") ?? null;
          return (
            <CallbackRow key={callback.id} callback={callback} job={job} named={job}>
              <Decisions job={job} callback={callback} inList />
            </CallbackRow>
          );
        })}
      </Rows>
      <NextPage query={query} why={messageOf(query.error)} />
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
    <Notice icon={IconFilterOff} title="No callback with this verdict">
      <p>Choose another verdict, or show all callbacks.</p>
      <Button variant="default" onClick={onClear}>
        Show all callbacks
      </Button>
    </Notice>
  );
}
