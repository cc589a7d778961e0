import { queryOptions } from "@tanstack/react-query";
import { currentTime } from "@/lib/now";
import { bodyOf, client } from "./client";
import type { Series } from "./model";

export const seriesKey = ["series"] as const;

export type Step = "1m" | "5m" | "15m" | "1h" | "6h" | "1d";

export interface SeriesFilter {
  /** How far back from now. */
  readonly lengthMs: number;
  readonly step: Step;
  /** "": all. */
  readonly flow: string;
}

/** What happened up to now; each refetch moves on with the time. */
export function seriesQuery({ lengthMs, step, flow }: SeriesFilter) {
  return queryOptions({
    queryKey: [...seriesKey, lengthMs, step, flow],
    queryFn: ({ signal }): Promise<Series> => {
      const since = new Date(currentTime() - lengthMs).toISOString();
      const query = { since, step, ...(flow !== "" && { flow }) };
      return bodyOf(client.GET("/stats/series", { params: { query }, signal }));
    },
  });
}
