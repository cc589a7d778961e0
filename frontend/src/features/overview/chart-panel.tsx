import { Button } from "@mantine/core";
import { IconChartBar, IconTable } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { code, LoadedLater } from "@/components/loaded-later";
import { Panel } from "@/components/panel";
import { short } from "@/lib/numbers";
import { isSlowLine } from "@/lib/slow-line";
import { type ChartProps, IN_WORDS, type Unit } from "./chart-props";
import type { Measure } from "./measure";
import styles from "./overview.module.css";
import type { Point } from "./points";
import { periodOf, wordsForState } from "./words";

// The library of the charts is larger than the rest of the page: the figures come first.
const CHART = code(() => import("./chart").then((found) => found.Chart));
/** A sum from here on is short. */
const MOST_DIGITS = 100_000;

interface Props extends ChartProps {
  title: string;
  /** Above the chart. */
  children?: ReactNode;
  /** In place of the chart where there is nothing to show. */
  nothing?: string | undefined;
}

/**
 * A chart, and the same as a table, whose numbers are links where the chart can be pressed. On a slow line the table is
 * there first, and the library of the charts comes when somebody asks for one.
 */
export function ChartPanel({ title, children, nothing, ...chart }: Props) {
  const [asTable, setAsTable] = useState(isSlowLine);
  const { measures, points, label, unit } = chart;
  return (
    <Panel
      title={title}
      aside={
        nothing === undefined && (
          <Button
            variant="subtle"
            color="gray"
            c="var(--ink-2)"
            size="compact-sm"
            aria-label={`${asTable ? "Chart" : "Table"} of ${title.toLowerCase()}`}
            leftSection={
              asTable ? <IconChartBar size={15} aria-hidden /> : <IconTable size={15} aria-hidden />
            }
            onClick={() => setAsTable(!asTable)}
          >
            {asTable ? "Chart" : "Table"}
          </Button>
        )
      }
    >
      {children}
      {nothing !== undefined ? (
        <p className={styles["nothing"]}>{nothing}</p>
      ) : asTable ? (
        <Values caption={label} points={points} measures={measures} format={IN_WORDS[unit]} />
      ) : (
        <>
          <Legend kind={chart.kind} measures={measures} points={points} unit={unit} />
          <LoadedLater of={CHART} props={chart} place={<div className={styles["chart"]} />} />
        </>
      )}
    </Panel>
  );
}

function Legend({ kind, measures, points, unit }: Pick<Props, "kind" | "measures" | "points" | "unit">) {
  const running = points.some(({ state }) => state === "running");
  return (
    // The label of the chart, and the heads of its table, say the same.
    <ul className={styles["legend"]} aria-hidden>
      {measures.map(({ key, label, color, dash, of }) => (
        <li key={key}>
          {kind === "bars" ? (
            <span className={styles["swatch"]} style={{ background: color }} />
          ) : (
            <svg width={20} height={8} aria-hidden>
              <path d="M0 4H20" stroke={color} strokeWidth={2} strokeDasharray={dash} />
            </svg>
          )}
          {label}
          {unit !== "ms" && <span className={styles["sum"]}>{sumOf(points, of, unit)}</span>}
        </li>
      ))}
      {kind === "bars" && running && (
        <li>
          <span className={styles["swatch"]} data-partial />
          Current period
        </li>
      )}
    </ul>
  );
}

/** Of the whole range, so that a bar too low to be seen is known. */
function sumOf(points: Props["points"], of: Measure["of"], unit: Unit): string {
  const sum = points.reduce((sum, point) => sum + (of(point) ?? 0), 0);
  return sum < MOST_DIGITS || unit === "money" ? IN_WORDS[unit](sum) : short(sum);
}

interface ValuesProps {
  caption: string;
  points: readonly Point[];
  measures: readonly Measure[];
  format: (value: number) => string;
}

function Values({ caption, points, measures, format }: ValuesProps) {
  const shown = points.filter((point) => measures.some(({ of }) => (of(point) ?? 0) > 0)).toReversed();
  return (
    <>
      <p className={styles["caption"]}>{caption}, the newest first. Periods without values are left out.</p>
      <div className={styles["scroll"]} tabIndex={0} role="group" aria-label={caption}>
        <table className={styles["table"]}>
          <caption className="visually-hidden">{caption}</caption>
          <thead>
            <tr>
              <th scope="col">Period</th>
              {measures.map(({ key, label }) => (
                <th key={key} scope="col" className={styles["number"]}>
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((point) => (
              <tr key={point.at}>
                <th scope="row">
                  {periodOf(point)}
                  {point.state !== "whole" && (
                    <span className={styles["state"]}> {wordsForState(point)}</span>
                  )}
                </th>
                {measures.map(({ key, of, behind }) => {
                  const value = of(point);
                  const search = value === null || value === 0 ? null : (behind?.(point) ?? null);
                  const text = value === null ? "–" : format(value);
                  return (
                    <td key={key} className={styles["number"]}>
                      {search === null ? (
                        text
                      ) : (
                        <Link to="/" search={search}>
                          {text}
                        </Link>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
