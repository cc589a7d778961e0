import { queryOptions } from "@tanstack/react-query";
import { bodyOf, client, done } from "./client";
import { ApiError } from "./errors";
import type { components } from "./schema";

export type Who = components["schemas"]["SessionOut"];

export const sessionQuery = queryOptions({
  queryKey: ["session"] as const,
  queryFn: ({ signal }): Promise<Who> => bodyOf(client.GET("/session", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Changes a key for a session cookie that scripts cannot read; the page keeps no key. */
export async function signIn(key: string): Promise<void> {
  await bodyOf(client.POST("/session", { body: { key } }));
  try {
    await bodyOf(client.GET("/session"));
  } catch (error) {
    if (!isSignedOut(error)) throw error;
    throw new Error(
      "The key is right, but this browser did not keep the session. Open the page over https, or at localhost.",
    );
  }
}

export async function signOut(everywhere: boolean): Promise<void> {
  await done(client.DELETE("/session", { params: { query: { everywhere: everywhere ? "true" : "false" } } }));
}

/** Whether the server asks for a key. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}
