import { infiniteQueryOptions, type Query, queryOptions } from "@tanstack/react-query";
import { currentTime } from "@/lib/now";
import { answered, bodyOf, client, done } from "./client";
import {
  type Delivery,
  type DeliveryState,
  type DeliveryWhole,
  type Endpoint,
  type EndpointRequest,
  type MadeEndpoint,
  toDelivery,
  toEndpoint,
} from "./model";
import { nextCursor } from "./next-cursor";

export interface DeliveryFilter {
  readonly state: readonly DeliveryState[];
  /** An id, or "". */
  readonly endpoint: string;
  readonly job: string;
}

interface Page {
  readonly deliveries: Delivery[];
  readonly next: string | null;
}

const PAGE_SIZE = 30;
/** The newest; more are on the page of webhooks. */
const OF_A_JOB = 50;
const SOON_MS = 10_000;
const MOVING_MS = 1_500;
const RESTING_MS = 10_000;
/** On MongoDB a notice is among the deliveries a moment after the end of its job. */
const FIRST_LOOKS = 3;

export const webhookKeys = {
  endpoints: ["webhook-endpoints"] as const,
  deliveries: ["webhook-deliveries"] as const,
  one: (id: string) => ["webhook-deliveries", "one", id] as const,
};

export const endpointsQuery = queryOptions({
  queryKey: webhookKeys.endpoints,
  queryFn: async ({ signal }): Promise<Endpoint[]> =>
    (await bodyOf(client.GET("/webhook-endpoints", { signal }))).map((one) => toEndpoint(one)),
  // Endpoints are disabled by themselves too.
  refetchInterval: RESTING_MS,
});

export async function createEndpoint(body: EndpointRequest): Promise<MadeEndpoint> {
  return toEndpoint(await bodyOf(client.POST("/webhook-endpoints", { body })));
}

export async function changeEndpoint(id: string, body: EndpointRequest): Promise<Endpoint> {
  return toEndpoint(await bodyOf(client.PUT("/webhook-endpoints/{id}", { params: { path: { id } }, body })));
}

export async function deleteEndpoint(id: string): Promise<void> {
  await done(client.DELETE("/webhook-endpoints/{id}", { params: { path: { id } } }));
}

export async function rotateEndpoint(id: string, overlapSeconds: number): Promise<MadeEndpoint> {
  const params = { path: { id } };
  return toEndpoint(
    await bodyOf(client.POST("/webhook-endpoints/{id}/rotate", { params, body: { overlapSeconds } })),
  );
}

export async function enableEndpoint(id: string): Promise<Endpoint> {
  return toEndpoint(
    await bodyOf(client.POST("/webhook-endpoints/{id}/enable", { params: { path: { id } } })),
  );
}

export async function disableEndpoint(id: string): Promise<Endpoint> {
  return toEndpoint(
    await bodyOf(client.POST("/webhook-endpoints/{id}/disable", { params: { path: { id } } })),
  );
}

/** The delivery of a test notice. */
export async function testEndpoint(id: string): Promise<Delivery> {
  return toDelivery(await bodyOf(client.POST("/webhook-endpoints/{id}/test", { params: { path: { id } } })));
}

/** What signs the webhooks of the jobs of whoever asks; two while the server's own secret is changed. */
export async function signingSecrets(): Promise<string[]> {
  return (await bodyOf(client.GET("/webhook-secret"))).secrets;
}

export function deliveriesQuery(filter: DeliveryFilter) {
  return infiniteQueryOptions({
    queryKey: [...webhookKeys.deliveries, "list", filter],
    initialPageParam: null as string | null,
    getNextPageParam: (last: Page) => last.next,
    queryFn: async ({ pageParam, signal }): Promise<Page> => {
      const query = {
        limit: PAGE_SIZE,
        ...(filter.state.length > 0 && { state: [...filter.state] }),
        ...(filter.endpoint !== "" && { endpointId: filter.endpoint }),
        ...(filter.job !== "" && { jobId: filter.job }),
        ...(pageParam !== null && { cursor: pageParam }),
      };
      const { data, response } = await answered(
        client.GET("/webhook-deliveries", { params: { query }, signal }),
      );
      return {
        deliveries: data.map((one) => toDelivery(one)),
        next: nextCursor(response.headers.get("link")),
      };
    },
  });
}

/** How long until a list of deliveries is asked for again: sooner where one is about to be sent. */
export function looksAgainIn(deliveries: readonly Delivery[]): number {
  const soon = currentTime() + SOON_MS;
  return deliveries.some(({ nextAt }) => nextAt !== null && nextAt < soon) ? MOVING_MS : RESTING_MS;
}

/** `end`: what changes when the job ends (again); the list is asked for again then. */
export function jobDeliveriesQuery(jobId: string, end: string | number | null) {
  return queryOptions({
    queryKey: [...webhookKeys.deliveries, "job", jobId, end],
    queryFn: async ({ signal }): Promise<Delivery[]> => {
      const query = { jobId, limit: OF_A_JOB };
      const found = await bodyOf(client.GET("/webhook-deliveries", { params: { query }, signal }));
      return found.map((one) => toDelivery(one));
    },
    refetchInterval: (query: Query<Delivery[]>) => {
      const { data = [], dataUpdateCount } = query.state;
      if (data.some(({ state }) => state === "pending")) return looksAgainIn(data);
      return end !== null && dataUpdateCount < FIRST_LOOKS && MOVING_MS;
    },
  });
}

/** With its body. Asked for again while it is to come. */
export function deliveryQuery(id: string) {
  return queryOptions({
    queryKey: webhookKeys.one(id),
    queryFn: async ({ signal }): Promise<DeliveryWhole> =>
      toDelivery(await bodyOf(client.GET("/webhook-deliveries/{id}", { params: { path: { id } }, signal }))),
    refetchInterval: (query: Query<DeliveryWhole>) =>
      query.state.data?.state === "pending" && looksAgainIn([query.state.data]),
  });
}

/** The delivery, to be sent again now. */
export async function replayDelivery(id: string): Promise<Delivery> {
  return toDelivery(
    await bodyOf(client.POST("/webhook-deliveries/{id}/replay", { params: { path: { id } } })),
  );
}
