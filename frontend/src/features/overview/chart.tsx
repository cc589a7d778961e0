import { useElementSize } from "@mantine/hooks";
import { useMemo } from "react";
import {
  Bar,
  BarChart,
  type BarShapeProps,
  CartesianGrid,
  Line,
  LineChart,
  Rectangle,
  ReferenceArea,
  Tooltip,
  XAxis,
  YAxis,
} from "recharts";
import { shortMoney } from "@/lib/money";
import { short } from "@/lib/numbers";
import { type ChartProps, IN_WORDS } from "./chart-props";
import { ChartTip } from "./chart-tip";
import styles from "./overview.module.css";
import type { Point } from "./points";
import { durationTicks, moneyTicks, ticksOf } from "./ticks";
import { shortDuration, tickOf } from "./words";

const HEIGHT = 220;
const AXIS_WIDTH = 52;
/** Room for a label of the time axis. */
const TICK_WIDTH = 60;
const TICK = { fill: "var(--ink-3)", fontSize: 12 };
/** Of "Not counted". */
const LABEL_WIDTH = 100;
/** Right: for half of the last label. */
const MARGIN = { top: 12, right: 22, bottom: 0, left: 0 };

const ON_AXIS = { count: short, ms: shortDuration, money: shortMoney } as const;

/** A picture only: what can be read and pressed without a pointer is in the table (`ChartPanel`). */
export function Chart({ kind, label, points, measures, unit, onPick }: ChartProps) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const rows = useMemo(
    () =>
      points.map((point) => ({
        at: point.at,
        point,
        ...Object.fromEntries(measures.map(({ key, of }) => [key, of(point)])),
      })),
    [points, measures],
  );
  const lengthMs = points[0] === undefined ? 0 : points[0].end - points[0].at;
  const ticks = useMemo(
    () => ticksOf(points, Math.max(2, Math.floor((width - AXIS_WIDTH) / TICK_WIDTH))),
    [points, width],
  );
  const values = useMemo(() => {
    if (unit === "count") return undefined;
    const all = points.flatMap((point) => measures.map(({ of }) => of(point) ?? 0));
    return (unit === "ms" ? durationTicks : moneyTicks)(Math.max(0, ...all));
  }, [unit, points, measures]);
  const uncounted = points.filter(({ state }) => state === "uncounted");
  const [firstUncounted, lastUncounted] = [uncounted[0], uncounted.at(-1)];

  const shared = {
    data: rows,
    width,
    height: HEIGHT,
    margin: MARGIN,
    accessibilityLayer: false,
    ...(onPick !== undefined && {
      onClick: ({ activeTooltipIndex }: { activeTooltipIndex?: number | string | null | undefined }) => {
        const point = points[Number(activeTooltipIndex ?? Number.NaN)];
        if (point !== undefined) onPick(point, null);
      },
    }),
  };
  const frame = (
    <>
      <CartesianGrid vertical={false} stroke="var(--line)" />
      <XAxis
        dataKey="at"
        ticks={ticks}
        height={24}
        tickFormatter={(at: number) => tickOf(at, lengthMs)}
        interval={0}
        tick={TICK}
        tickLine={false}
        axisLine={{ stroke: "var(--line-strong)" }}
      />
      <YAxis
        width={AXIS_WIDTH}
        tickFormatter={ON_AXIS[unit]}
        allowDecimals={unit !== "count"}
        {...(values === undefined
          ? { tickCount: 5 }
          : { ticks: values, domain: [0, values.at(-1) ?? 1], interval: 0 as const })}
        tick={TICK}
        tickLine={false}
        axisLine={false}
      />
      {firstUncounted !== undefined && lastUncounted !== undefined && (
        <ReferenceArea
          x1={firstUncounted.at}
          x2={lastUncounted.at}
          fill="var(--chart-uncounted)"
          fillOpacity={1}
          {...(uncounted.length * (width / points.length) > LABEL_WIDTH && {
            label: { value: "Not counted", fill: "var(--ink-3)", fontSize: 12 },
          })}
        />
      )}
      <Tooltip
        isAnimationActive={false}
        cursor={kind === "bars" ? { fill: "var(--chart-cursor)" } : { stroke: "var(--line-strong)" }}
        wrapperStyle={{ zIndex: 5 }}
        content={({ active, payload }) => {
          const row: unknown = payload[0]?.payload;
          return active && isRow(row) ? (
            <ChartTip
              point={row.point}
              measures={measures}
              format={IN_WORDS[unit]}
              pressable={onPick !== undefined}
            />
          ) : null;
        }}
      />
    </>
  );

  return (
    <div
      ref={ref}
      role="img"
      aria-label={label}
      className={styles["chart"]}
      data-pressable={onPick !== undefined || undefined}
    >
      {width > 0 &&
        (kind === "bars" ? (
          <BarChart {...shared} barCategoryGap="18%">
            {frame}
            {measures.map((measure) => (
              <Bar
                key={measure.key}
                dataKey={measure.key}
                stackId="all"
                fill={measure.color}
                isAnimationActive={false}
                shape={Block}
                {...(onPick !== undefined && {
                  onClick: (bar: { payload?: unknown }, _n: number, event: React.MouseEvent) => {
                    if (!isRow(bar.payload)) return;
                    event.stopPropagation();
                    onPick(bar.payload.point, measure);
                  },
                })}
              />
            ))}
          </BarChart>
        ) : (
          <LineChart {...shared}>
            {frame}
            {measures.map(({ key, color, dash }) => (
              <Line
                key={key}
                dataKey={key}
                type="linear"
                stroke={color}
                strokeWidth={2}
                {...(dash !== undefined && { strokeDasharray: dash })}
                // A period between two without jobs has no line to either.
                dot={{ r: 2, fill: color, strokeWidth: 0 }}
                activeDot={{ r: 4, fill: color, stroke: "var(--surface)" }}
                isAnimationActive={false}
              />
            ))}
          </LineChart>
        ))}
    </div>
  );
}

/** A bar of a period that is not whole is pale and has a broken edge. */
function Block(props: BarShapeProps) {
  const { fill = "", x, y, width, height } = props;
  const row: unknown = props["payload"];
  const partial = isRow(row) && row.point.state !== "whole";
  return (
    <Rectangle
      x={x}
      y={y}
      width={width}
      height={height}
      fill={fill}
      {...(partial
        ? { fillOpacity: 0.35, stroke: fill, strokeDasharray: "3 2" }
        : { stroke: "var(--surface)", strokeWidth: 0.5 })}
    />
  );
}

function isRow(row: unknown): row is { readonly point: Point } {
  return typeof row === "object" && row !== null && "point" in row;
}
