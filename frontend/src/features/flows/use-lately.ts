import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Series, SeriesFlow } from "@/api/model";
import { type SeriesFilter, seriesQuery } from "@/api/series";
import { currentTime } from "@/lib/now";
import type { Lately } from "./flows-table";

const HOUR_MS = 3_600_000;
const LAST_HOUR: SeriesFilter = { lengthMs: HOUR_MS, step: "5m", flow: "" };
const LAST_DAY: SeriesFilter = { lengthMs: 24 * HOUR_MS, step: "1h", flow: "" };
const LOOKS_AGAIN_EVERY_MS = 30_000;

/** What happened to each flow in the last hour and the last day; it is of use without, so nothing waits for it. */
export function useLately(): Lately {
  const hour = useQuery({ ...seriesQuery(LAST_HOUR), refetchInterval: LOOKS_AGAIN_EVERY_MS }).data;
  const day = useQuery({ ...seriesQuery(LAST_DAY), refetchInterval: LOOKS_AGAIN_EVERY_MS }).data;
  return useMemo(
    () => ({
      hour: byName(hour),
      hourMinutes: hour === undefined ? 0 : minutesOf(hour),
      day: byName(day),
      dayFrom: day === undefined ? 0 : Date.parse(day.since),
    }),
    [hour, day],
  );
}

/** Of which the series has counts, at least one. */
function minutesOf({ since, countedSince }: Series): number {
  const from = Math.max(Date.parse(since), Date.parse(countedSince));
  return Math.max(1, (currentTime() - from) / 60_000);
}

function byName(series: Series | undefined): ReadonlyMap<string, SeriesFlow> | null {
  return series === undefined ? null : new Map(series.flows.map((one) => [one.flow, one]));
}
