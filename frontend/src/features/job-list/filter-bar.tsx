import { CloseButton, NativeSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { flowsQuery } from "@/api/flows";
import type { JobFilter } from "@/api/job-rows";
import { statsQuery } from "@/api/stats";
import styles from "./filter-bar.module.css";
import { SearchField } from "./search-field";
import { StatusFilter } from "./status-filter";

/** The server searches the newest jobs only; the page says so when there are more. */
const SEARCHED = 100_000;

interface Props {
  filter: JobFilter;
  onChange: (change: Partial<JobFilter>) => void;
}

export function FilterBar({ filter, onChange }: Props) {
  const stats = useQuery(statsQuery).data;
  const flows = useQuery(flowsQuery).data ?? [];
  const counts = filter.flow === "" ? stats?.byStatus : stats && (stats.byFlow[filter.flow] ?? {});
  const search = useCallback((q: string) => onChange({ q }), [onChange]);
  // A flow removed from the configuration may still have jobs, and may still be in a URL.
  const names = new Set([...flows.map((flow) => flow.name), ...Object.keys(stats?.byFlow ?? {})]);
  if (filter.flow !== "") names.add(filter.flow);

  return (
    <div className={styles["bar"]}>
      <StatusFilter chosen={filter.status} counts={counts} onChange={(status) => onChange({ status })} />
      <div className={styles["fields"]}>
        <div className={styles["search"]}>
          <SearchField value={filter.q} onChange={search} />
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
      {filter.q !== "" && stats !== undefined && stats.total > SEARCHED && (
        <p className={styles["limit"]}>
          The search covers the newest {SEARCHED.toLocaleString("en")} jobs only.
        </p>
      )}
    </div>
  );
}
