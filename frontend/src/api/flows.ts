import { queryOptions } from "@tanstack/react-query";
import { bodyOf, client } from "./client";
import { type Flow, toFlow, toWorker, type Worker } from "./model";

export const flowKeys = { flows: ["flows"] as const, workers: ["workers"] as const };

export const flowsQuery = queryOptions({
  queryKey: flowKeys.flows,
  queryFn: async ({ signal }): Promise<Flow[]> =>
    (await bodyOf(client.GET("/flows", { signal }))).map(toFlow),
});

/** The currency of all costs; absent while it is not known. */
export const currencyQuery = queryOptions({
  ...flowsQuery,
  select: (flows: Flow[]) => flows[0]?.spending.currency ?? "",
});

export const workersQuery = queryOptions({
  queryKey: flowKeys.workers,
  queryFn: async ({ signal }): Promise<Worker[]> =>
    (await bodyOf(client.GET("/workers", { signal }))).map(toWorker),
});

export async function pauseFlow(name: string, reason: string): Promise<Flow> {
  return toFlow(
    await bodyOf(
      client.POST("/flows/{name}/pause", {
        params: { path: { name } },
        body: reason === "" ? {} : { reason },
      }),
    ),
  );
}

export async function resumeFlow(name: string): Promise<Flow> {
  return toFlow(await bodyOf(client.POST("/flows/{name}/resume", { params: { path: { name } } })));
}
