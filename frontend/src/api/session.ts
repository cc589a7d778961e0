import { queryOptions } from "@tanstack/react-query";
import { reportKnown, reportSignedIn, reportSignedOut } from "./access";
import { bodyOf, client, done } from "./client";
import { ApiError, SignedOutError, toProblem } from "./errors";
import { type ActiveSession, type Right, type Session, toActiveSession, toSession } from "./model";

export const sessionKeys = { who: ["session"] as const, list: ["sessions"] as const };

/** Who asks. Fails with SignedOutError where the server wants a sign-in. */
export const sessionQuery = queryOptions({
  queryKey: sessionKeys.who,
  // Another tab may have signed in or out meanwhile.
  refetchOnWindowFocus: "always",
  queryFn: async ({ signal }): Promise<Session> => {
    const session = toSession(await bodyOf(client.GET("/session", { signal })));
    reportKnown();
    return session;
  },
});

export type SignInWay = { readonly kind: "key" | "oidc"; readonly name: string; readonly path: string };

export const signInWaysQuery = queryOptions({
  queryKey: ["sign-in-ways"] as const,
  queryFn: async ({ signal }): Promise<SignInWay[]> =>
    (await bodyOf(client.GET("/session/ways", { signal }))).ways,
});

/** Changes a key for a session. Fails with the server's words, or if the browser does not keep the session. */
export async function signIn(key: string): Promise<Session> {
  const { data, error, response } = await client.POST("/session", { body: { key } });
  if (data === undefined) throw new ApiError(response.status, toProblem(error));
  // Not the answer to the sign-in, but what the browser made of its cookie.
  try {
    const session = toSession(await bodyOf(client.GET("/session")));
    reportSignedIn();
    return session;
  } catch (failure) {
    if (failure instanceof SignedOutError) throw new Error(NOT_KEPT);
    throw failure;
  }
}

const NOT_KEPT =
  "The key is valid, but the browser did not keep the session. Browsers keep sessions over https, and on localhost.";

export async function signOut(everywhere: boolean): Promise<void> {
  await done(client.DELETE("/session", { params: { query: everywhere ? { everywhere: "true" } : {} } }));
  reportSignedOut();
}

/** The sessions of the key or person that asks, or with `everyone` of all. */
export function sessionsQuery(everyone: boolean) {
  return queryOptions({
    queryKey: [...sessionKeys.list, everyone],
    queryFn: async ({ signal }): Promise<ActiveSession[]> => {
      const query = everyone ? { everyone: "true" } : {};
      return (await bodyOf(client.GET("/sessions", { params: { query }, signal }))).map(toActiveSession);
    },
  });
}

export async function endSession(id: string): Promise<void> {
  await done(client.DELETE("/sessions/{id}", { params: { path: { id } } }));
}

const INCLUDED: Partial<Record<Right, readonly Right[]>> = {
  admin: ["read", "submit", "operate", "admin"],
  operate: ["read"],
};

/** As `Principal.may` of the server. */
export function may(who: Pick<Session, "rights">, right: Right): boolean {
  return who.rights.some((had) => had === right || (INCLUDED[had]?.includes(right) ?? false));
}
