import { useMemo, useState } from "react";
import type { Durations as DurationsOf, Series } from "@/api/model";
import { number } from "@/lib/numbers";
import { ChartPanel } from "./chart-panel";
import { usePick } from "./charts";
import type { Measure } from "./measure";
import styles from "./overview.module.css";
import type { Point } from "./points";
import { duration } from "./words";

type Stage = keyof DurationsOf;

const STAGES: readonly { readonly stage: Stage; readonly label: string; readonly meaning: string }[] = [
  { stage: "total", label: "Total", meaning: "queued, handing over and processing together" },
  {
    stage: "queued",
    label: "Queued",
    meaning: "PENDING: from when the job was due until a worker claimed it",
  },
  { stage: "handingOver", label: "Handing over", meaning: "RUNNING: a worker had the job" },
  { stage: "processing", label: "Processing", meaning: "WAITING: from the acceptance to the callback" },
  {
    stage: "scheduled",
    label: "Scheduled",
    meaning: "until the start that was asked for; not part of the total",
  },
];

const SHARES = [
  { share: "p50", color: "var(--chart-first)" },
  { share: "p95", color: "var(--chart-second)", dash: "6 3" },
  { share: "p99", color: "var(--chart-third)", dash: "2 3" },
] as const;

interface Props {
  series: Series;
  points: readonly Point[];
  flow: string;
}

export function Durations({ series, points, flow }: Props) {
  const [stage, setStage] = useState<Stage>("total");
  const pick = usePick(flow);
  const measures = useMemo<Measure[]>(
    () =>
      SHARES.map(({ share, ...look }) => ({
        key: share,
        label: share,
        ...look,
        of: ({ counts }) => counts.durations[stage]?.[share] ?? null,
      })),
    [stage],
  );
  const chosen = STAGES.find((one) => one.stage === stage);
  return (
    <ChartPanel
      title="Durations"
      label={`Durations of the jobs that ended: ${chosen?.label.toLowerCase()}`}
      kind="lines"
      points={points}
      measures={measures}
      unit="ms"
      onPick={pick}
      nothing={series.total.durations.total === null ? "No job ended." : undefined}
    >
      {series.total.durations.total !== null && (
        <table className={styles["table"]} data-stages>
          <caption className="visually-hidden">
            Durations by stage, of all jobs that ended in the chosen time
          </caption>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              {SHARES.map(({ share }) => (
                <th key={share} scope="col" className={styles["number"]}>
                  {share}
                </th>
              ))}
              <th scope="col" className={styles["number"]}>
                Jobs
              </th>
            </tr>
          </thead>
          <tbody>
            {STAGES.map(({ stage: one, label, meaning }) => {
              const found = series.total.durations[one];
              return (
                <tr key={one} data-chosen={one === stage || undefined}>
                  <th scope="row">
                    <button
                      type="button"
                      className={styles["stage"]}
                      aria-pressed={one === stage}
                      disabled={found === null}
                      title={meaning}
                      onClick={() => setStage(one)}
                    >
                      {label}
                    </button>
                  </th>
                  {SHARES.map(({ share }) => (
                    <td key={share} className={styles["number"]}>
                      {found === null ? "–" : duration(found[share])}
                    </td>
                  ))}
                  <td className={styles["number"]}>{found === null ? "0" : number(found.jobs)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </ChartPanel>
  );
}
