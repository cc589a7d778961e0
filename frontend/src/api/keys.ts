import { queryOptions } from "@tanstack/react-query";
import { bodyOf, client, done } from "./client";
import { type ApiKey, type KeyRequest, type MadeKey, toKey } from "./model";

export const keysKey = ["keys"] as const;

export const keysQuery = queryOptions({
  queryKey: keysKey,
  queryFn: async ({ signal }): Promise<ApiKey[]> =>
    (await bodyOf(client.GET("/keys", { signal }))).map((key) => toKey(key)),
});

export async function createKey(body: KeyRequest): Promise<MadeKey> {
  return toKey(await bodyOf(client.POST("/keys", { body })));
}

export async function rotateKey(id: string, overlapSeconds: number): Promise<MadeKey> {
  const params = { path: { id } };
  return toKey(await bodyOf(client.POST("/keys/{id}/rotate", { params, body: { overlapSeconds } })));
}

export async function revokeKey(id: string): Promise<void> {
  await done(client.DELETE("/keys/{id}", { params: { path: { id } } }));
}
