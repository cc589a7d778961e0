import { queryOptions } from "@tanstack/react-query";
import { bodyOf, client } from "./client";
import type { Stats } from "./model";

export const statsKey = ["stats"] as const;

export const statsQuery = queryOptions({
  queryKey: statsKey,
  queryFn: ({ signal }): Promise<Stats> => bodyOf(client.GET("/stats", { signal })),
});
