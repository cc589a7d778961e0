import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { Series } from "@/api/model";
import { jobsBehind } from "@/lib/jobs-behind";
import type { Status } from "@/lib/status";
import { ChartPanel } from "./chart-panel";
import type { Measure } from "./measure";
import type { Point } from "./points";

interface Props {
  series: Series;
  points: readonly Point[];
  flow: string;
}

function behind({ at, end }: Point, flow: string, status?: readonly Status[]) {
  return jobsBehind({ from: at, to: end, flow }, status);
}

/** Leads to the jobs behind a bar. */
export function usePick(flow: string) {
  const navigate = useNavigate();
  return (point: Point, measure: Measure | null) =>
    void navigate({ to: "/", search: measure?.behind?.(point) ?? behind(point, flow) });
}

export function Ends({ points, flow }: Omit<Props, "series">) {
  const pick = usePick(flow);
  const measures = useMemo<Measure[]>(
    () => [
      {
        key: "completed",
        label: "Completed",
        color: "var(--chart-completed)",
        of: ({ counts }) => counts.completed,
        behind: (point) => behind(point, flow, ["COMPLETED"]),
      },
      {
        key: "cancelled",
        label: "Cancelled",
        color: "var(--chart-cancelled)",
        of: ({ counts }) => counts.cancelled,
        behind: (point) => behind(point, flow, ["CANCELLED"]),
      },
      {
        key: "failed",
        label: "Failed",
        color: "var(--chart-failed)",
        of: ({ counts }) => counts.failed,
        behind: (point) => behind(point, flow, ["FAILED"]),
      },
    ],
    [flow],
  );
  return (
    <ChartPanel
      title="Jobs that ended"
      label="Jobs that ended, by outcome"
      kind="bars"
      points={points}
      measures={measures}
      unit="count"
      onPick={pick}
    />
  );
}

const WAITS: readonly Measure[] = [
  {
    key: "waiting",
    label: "Oldest due job",
    color: "var(--chart-waiting)",
    of: ({ counts }) => counts.waitingAgeMs,
  },
];

export function Waits({ series, points }: Omit<Props, "flow">) {
  return (
    <ChartPanel
      title="Longest wait for a worker"
      label="Longest wait of the oldest due job"
      kind="bars"
      points={points}
      measures={WAITS}
      unit="ms"
      nothing={
        series.total.waitingAgeMs === null
          ? "No due job was found waiting. Workers look four times a minute."
          : undefined
      }
    />
  );
}

const TOKENS: readonly Measure[] = [
  {
    key: "prompt",
    label: "Prompts",
    color: "var(--chart-first)",
    of: ({ counts }) => counts.tokens.prompt,
  },
  {
    key: "completion",
    label: "Answers",
    color: "var(--chart-second)",
    of: ({ counts }) => counts.tokens.completion,
  },
];

export function Tokens({ series, points }: Omit<Props, "flow">) {
  const { prompt, completion } = series.total.tokens;
  return (
    <ChartPanel
      title="Tokens"
      label="Tokens of prompts and answers"
      kind="bars"
      points={points}
      measures={TOKENS}
      unit="count"
      nothing={prompt + completion === 0 ? "No processor reported tokens." : undefined}
    />
  );
}

const COST: readonly Measure[] = [
  { key: "cost", label: "Cost", color: "var(--chart-first)", of: ({ counts }) => counts.costMicros },
];

/** Nothing where no flow has prices. */
export function Cost({ series, points }: Omit<Props, "flow">) {
  if (series.total.costMicros === 0) return null;
  return (
    <ChartPanel
      title={`Cost in ${series.currency}`}
      label={`What the tokens cost, in ${series.currency}`}
      kind="bars"
      points={points}
      measures={COST}
      unit="money"
    />
  );
}

const VERDICTS: readonly Measure[] = [
  ["json", "JSON", "var(--chart-completed)"],
  ["text", "Text", "var(--chart-first)"],
  ["unchecked", "Not checked", "var(--chart-cancelled)"],
  ["schema_mismatch", "Schema mismatch", "var(--chart-warning)"],
  ["malformed", "Malformed JSON", "var(--chart-failed)"],
].map(([kind = "", label = "", color = ""]) => ({
  key: kind,
  label,
  color,
  of: ({ counts }) => counts.verdicts[kind] ?? 0,
}));

export function Verdicts({ series, points }: Omit<Props, "flow">) {
  const none = Object.keys(series.total.verdicts).length === 0;
  return (
    <ChartPanel
      title="Verdicts"
      label="Results by verdict"
      kind="bars"
      points={points}
      measures={VERDICTS}
      unit="count"
      nothing={none ? "No result was examined." : undefined}
    />
  );
}
