import { NativeSelect, TextInput } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { useWhyNot } from "@/access/access-context";
import { messageOf } from "@/api/errors";
import type { Endpoint } from "@/api/model";
import { type DeliveryFilter, deliveriesQuery, endpointsQuery, looksAgainIn } from "@/api/webhooks";
import { FilterChips } from "@/components/filter-chips";
import { Filters } from "@/components/filters";
import { NextPage } from "@/components/load-more";
import { NoMatch } from "@/components/no-match";
import { NotLoaded } from "@/components/not-loaded";
import { Notice } from "@/components/notice";
import { Panel } from "@/components/panel";
import { LoadingRows, Rows } from "@/components/rows";
import { useScrolledPast } from "@/lib/scrolled";
import { useTyped } from "@/lib/use-typed";
import styles from "./deliveries.module.css";
import { DeliveryRow } from "./delivery-row";
import { DELIVERIES } from "./endpoint-row";
import { asId, isFiltered } from "./search";
import { CHIPS, nameOf } from "./words";

const NO_FILTER: DeliveryFilter = { state: [], endpoint: "", job: "" };

interface Props {
  filter: DeliveryFilter;
  onChange: (change: Partial<DeliveryFilter>) => void;
}

/** The log: what was or will be sent to whom, and what came of it. */
export function Deliveries({ filter, onChange }: Props) {
  const admin = useWhyNot("admin") === null;
  const endpoints = useQuery({ ...endpointsQuery, enabled: admin }).data;
  const top = useRef<HTMLDivElement>(null);
  return (
    <Panel id={DELIVERIES} title="Deliveries" flush>
      <div ref={top}>
        <Filters>
          <FilterChips
            legend="Filter by state"
            chips={CHIPS}
            chosen={filter.state}
            onChange={(state) => onChange({ state })}
          />
          <div className={styles["fields"]}>
            <EndpointFilter endpoints={endpoints} chosen={filter.endpoint} onChange={onChange} />
            <JobFilter job={filter.job} onChange={(job) => onChange({ job })} />
          </div>
        </Filters>
      </div>
      <Log filter={filter} onChange={onChange} endpoints={endpoints} top={top} />
    </Panel>
  );
}

interface EndpointFilterProps {
  endpoints: readonly Endpoint[] | undefined;
  chosen: string;
  onChange: Props["onChange"];
}

function EndpointFilter({ endpoints, chosen, onChange }: EndpointFilterProps) {
  const known = endpoints?.map((one) => ({ value: one.id, label: nameOf(one) })) ?? [];
  // A deleted one has deliveries too; and whoever may not see endpoints may have a link to one's deliveries.
  const other = chosen !== "" && !known.some(({ value }) => value === chosen);
  if (known.length === 0 && !other) return null;
  return (
    <NativeSelect
      label="Receiver"
      value={chosen}
      onChange={(event) => onChange({ endpoint: event.currentTarget.value })}
      data={[
        { value: "", label: "All receivers" },
        ...known,
        ...(other ? [{ value: chosen, label: `Endpoint ${chosen}` }] : []),
      ]}
    />
  );
}

/** Filters as soon as a whole id stands there. */
function JobFilter({ job, onChange }: { job: string; onChange: (job: string) => void }) {
  const { typed, setTyped, sent } = useTyped(job);
  const change = (text: string) => {
    setTyped(text);
    const id = asId(text);
    if ((id === "" && text.trim() !== "") || id === sent.current) return;
    sent.current = id;
    onChange(id);
  };
  const incomplete = typed.trim() !== "" && asId(typed) === "";
  return (
    <TextInput
      label="Job"
      placeholder="id of a job"
      value={typed}
      maxLength={40}
      description={incomplete ? "An id has 24 hex digits." : undefined}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}

interface LogProps extends Props {
  endpoints: readonly Endpoint[] | undefined;
  top: React.RefObject<HTMLElement | null>;
}

function Log({ filter, onChange, endpoints, top }: LogProps) {
  // Rows must not move while somebody reads further down.
  const reading = useScrolledPast(top);
  const query = useInfiniteQuery({
    ...deliveriesQuery(filter),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      !reading && looksAgainIn(state.data?.pages.flatMap((page) => page.deliveries) ?? []),
  });
  if (query.isPending) return <LoadingRows label="Loading deliveries" />;
  if (query.data === undefined) {
    return (
      <NotLoaded what="The deliveries" why={messageOf(query.error)} onRetry={() => void query.refetch()} />
    );
  }
  const deliveries = query.data.pages.flatMap((page) => page.deliveries);
  if (deliveries.length === 0) {
    return isFiltered(filter) ? (
      <NoMatch title="No delivery matches these filters" onClear={() => onChange(NO_FILTER)} />
    ) : (
      <NothingYet />
    );
  }
  return (
    <>
      <Rows label="Deliveries, newest first">
        {deliveries.map((delivery) => (
          <DeliveryRow key={delivery.id} delivery={delivery} endpoints={endpoints} />
        ))}
      </Rows>
      <NextPage query={query} why={messageOf(query.error)} />
    </>
  );
}

function NothingYet() {
  return (
    <Notice icon={IconSend} title="No delivery yet">
      <p>Each delivery is listed here with the request, the answers, and the time of the next try.</p>
    </Notice>
  );
}
