import { CloseButton, NativeSelect } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { searchErrorOf } from "@/api/errors";
import { flowsQuery } from "@/api/flows";
import { type JobFilter, rowsQuery } from "@/api/job-rows";
import { statsQuery } from "@/api/stats";
import { Filters } from "@/components/filters";
import styles from "./filter-bar.module.css";
import { SearchField } from "./search-field";
import { StatusFilter } from "./status-filter";
import { useCounts } from "./use-counts";

interface Props {
  filter: JobFilter;
  onChange: (change: Partial<JobFilter>) => void;
}

export function FilterBar({ filter, onChange }: Props) {
  // Only looked at here; the rows fetch it.
  const searchError = searchErrorOf(useInfiniteQuery({ ...rowsQuery(filter), enabled: false }).error);
  const stats = useQuery(statsQuery).data;
  const flows = useQuery(flowsQuery).data ?? [];
  const counts = useCounts(filter);
  // A flow removed from the configuration may still have jobs, and may still be in a URL.
  const names = new Set([...flows.map((flow) => flow.name), ...Object.keys(stats?.byFlow ?? {})]);
  if (filter.flow !== "") names.add(filter.flow);

  return (
    <Filters>
      <StatusFilter
        chosen={filter.status}
        counts={counts?.more ? undefined : counts?.byStatus}
        onChange={(status) => onChange({ status })}
      />
      <div className={styles["fields"]}>
        <div className={styles["search"]}>
          <SearchField value={filter.q} onChange={(q) => onChange({ q })} error={searchError} />
        </div>
        <NativeSelect
          aria-label="Filter by flow"
          className={styles["flow"]}
          value={filter.flow}
          onChange={(event) => onChange({ flow: event.currentTarget.value })}
          data={[{ value: "", label: "All flows" }, ...[...names].sort()]}
        />
        {filter.tag !== "" && (
          <span className={styles["tag"]}>
            tag: {filter.tag}
            <CloseButton size="xs" aria-label="Remove the tag filter" onClick={() => onChange({ tag: "" })} />
          </span>
        )}
      </div>
      {counts?.complete === false && (
        <p className={styles["limit"]}>Older jobs are still being made searchable.</p>
      )}
    </Filters>
  );
}
