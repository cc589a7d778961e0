import { useMemo, useState } from "react";
import type { Durations as DurationsOf, Series } from "@/api/model";
import { number } from "@/lib/numbers";
import { ChartPanel } from "./chart-panel";
import { usePick } from "./charts";
import type { Measure } from "./measure";
import styles from "./overview.module.css";
import type { Point } from "./points";
import { duration } from "./words";

type Phase = keyof DurationsOf;

const PHASES: readonly { readonly phase: Phase; readonly label: string; readonly meaning: string }[] = [
  { phase: "total", label: "In all", meaning: "queued, handing over and processing together" },
  { phase: "queued", label: "Queued", meaning: "from when it was due to a worker" },
  { phase: "handingOver", label: "Handing over", meaning: "a worker had it" },
  { phase: "processing", label: "Processing", meaning: "until the callback came" },
  {
    phase: "scheduled",
    label: "Scheduled",
    meaning: "until the start that was asked for; no part of the rest",
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
  const [phase, setPhase] = useState<Phase>("total");
  const pick = usePick(flow);
  const measures = useMemo<Measure[]>(
    () =>
      SHARES.map(({ share, ...look }) => ({
        key: share,
        label: share,
        ...look,
        of: ({ counts }) => counts.durations[phase]?.[share] ?? null,
      })),
    [phase],
  );
  const chosen = PHASES.find((one) => one.phase === phase);
  return (
    <ChartPanel
      title="Durations"
      label={`Durations of the jobs that ended, ${chosen?.label.toLowerCase()}`}
      kind="lines"
      points={points}
      measures={measures}
      unit="ms"
      onPick={pick}
      nothing={series.total.durations.total === null ? "No job ended." : undefined}
    >
      {series.total.durations.total !== null && (
        <table className={styles["table"]} data-phases>
          <caption className="visually-hidden">Durations of the whole time, by phase</caption>
          <thead>
            <tr>
              <th scope="col">Phase</th>
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
            {PHASES.map(({ phase: one, label, meaning }) => {
              const found = series.total.durations[one];
              return (
                <tr key={one} data-chosen={one === phase || undefined}>
                  <th scope="row">
                    <button
                      type="button"
                      className={styles["phase"]}
                      aria-pressed={one === phase}
                      disabled={found === null}
                      title={meaning}
                      onClick={() => setPhase(one)}
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
