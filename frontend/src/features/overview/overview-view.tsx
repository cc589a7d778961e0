import { NativeSelect, Skeleton } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconChartBar } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import { messageOf } from "@/api/errors";
import { flowsQuery } from "@/api/flows";
import type { Series } from "@/api/model";
import { seriesQuery } from "@/api/series";
import { NotLoaded } from "@/components/not-loaded";
import { Notice } from "@/components/notice";
import { currentTime } from "@/lib/now";
import { ByFlow, Errors } from "./breakdowns";
import { Cost, Ends, Tokens, Verdicts, Waits } from "./charts";
import { Durations } from "./durations";
import { Figures } from "./figures";
import styles from "./overview.module.css";
import { isNothing, pointsOf } from "./points";
import { fittingRange, RANGE_NAMES, RANGES, type RangeName, USUAL } from "./ranges";
import type { OverviewSearch } from "./search";

/** Where nothing happens, the time goes on all the same. */
const LOOKS_AGAIN_EVERY_MS = 30_000;

interface Props {
  search: OverviewSearch;
  onChange: (search: OverviewSearch) => void;
}

export function OverviewView({ search, onChange }: Props) {
  const [fitting, setFitting] = useState<RangeName>(USUAL);
  const range = search.range ?? fitting;
  const flow = search.flow ?? "";
  const narrow = useMediaQuery("(max-width: 47.99em)", undefined, { getInitialValueInEffect: false });
  const { lengthMs, step, narrowStep } = RANGES[range];
  const query = useQuery({
    ...seriesQuery({ lengthMs, step: narrow ? narrowStep : step, flow }),
    placeholderData: keepPreviousData,
    refetchInterval: LOOKS_AGAIN_EVERY_MS,
  });
  const { data: series, isPlaceholderData: applying } = query;
  const counted = series?.countedSince;

  useEffect(() => {
    if (counted !== undefined) setFitting(fittingRange(currentTime() - Date.parse(counted)));
  }, [counted]);

  return (
    <div className={styles["page"]}>
      <header className={styles["head"]}>
        <h1>Overview</h1>
        <Choice range={range} flow={flow} onChange={(changed) => onChange({ ...search, ...changed })} />
      </header>
      {query.isPending ? (
        <Loading />
      ) : series === undefined ? (
        <NotLoaded what="The overview" why={messageOf(query.error)} onRetry={() => void query.refetch()} />
      ) : (
        <div className={styles["body"]} aria-busy={applying} data-applying={applying || undefined}>
          <Loaded series={series} search={search} />
        </div>
      )}
    </div>
  );
}

function Loaded({ series, search }: { series: Series; search: OverviewSearch }) {
  const now = currentTime();
  // biome-ignore lint/correctness/useExhaustiveDependencies: which period is running changes with the series only
  const points = useMemo(() => pointsOf(series, now), [series]);
  if (isNothing(series.total)) return <Nothing series={series} />;
  const countedMs = now - Math.max(Date.parse(series.since), Date.parse(series.countedSince));
  const flow = search.flow ?? "";
  return (
    <>
      <Figures series={series} flow={flow} countedMs={countedMs} />
      <Ends points={points} flow={flow} />
      <div className={styles["pair"]}>
        <Durations series={series} points={points} flow={flow} />
        <div className={styles["column"]}>
          <Errors series={series} search={search} />
          <Waits series={series} points={points} />
        </div>
      </div>
      <ByFlow series={series} search={search} />
      <Verdicts series={series} points={points} />
      <Tokens series={series} points={points} />
      <Cost series={series} points={points} />
    </>
  );
}

function Nothing({ series }: { series: Series }) {
  const everything = Date.parse(series.countedSince) >= Date.parse(series.since);
  return (
    <Notice icon={IconChartBar} title={everything ? "No job has ended yet" : "Nothing happened in this time"}>
      <p>
        {everything
          ? "The figures appear when the first job ends."
          : "No job ended, and no due job waited. Choose a longer time."}
      </p>
      <Link to="/">Go to the list of jobs</Link>
    </Notice>
  );
}

interface ChoiceProps {
  range: RangeName;
  flow: string;
  onChange: (changed: OverviewSearch) => void;
}

function Choice({ range, flow, onChange }: ChoiceProps) {
  const flows = useQuery(flowsQuery);
  const names = new Set(flows.data?.map(({ name }) => name));
  if (flow !== "") names.add(flow);
  return (
    <div className={styles["choice"]}>
      <NativeSelect
        aria-label="Flow"
        value={flow}
        onChange={(event) => onChange({ flow: event.currentTarget.value })}
        data={[
          { value: "", label: "All flows" },
          ...Array.from(names, (name) => ({ value: name, label: name })),
        ]}
      />
      <fieldset className={styles["ranges"]}>
        <legend className="visually-hidden">Time range</legend>
        {RANGE_NAMES.map((name) => (
          <button
            key={name}
            type="button"
            className={styles["range"]}
            aria-pressed={name === range}
            title={RANGES[name].label}
            onClick={() => onChange({ range: name })}
          >
            {name}
          </button>
        ))}
      </fieldset>
    </div>
  );
}

function Loading() {
  return (
    <div className={styles["body"]} role="status" aria-label="Loading the overview">
      <Skeleton height={92} radius="md" />
      <Skeleton height={310} radius="md" />
      <div className={styles["pair"]}>
        <Skeleton height={420} radius="md" />
        <Skeleton height={420} radius="md" />
      </div>
    </div>
  );
}
