import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, use, useCallback, useMemo, useSyncExternalStore } from "react";
import { currentAccess, onAccess } from "@/api/access";
import type { Right, Session } from "@/api/model";
import { may, sessionKeys, sessionQuery, signOut } from "@/api/session";
import { forgetDrafts } from "@/lib/draft";
import { wordsForMissing } from "./words";

/**
 * "unknown": the server has not answered yet. "in": it knows who asks, or needs no sign-in. "out": nobody is signed in.
 * "ended": somebody was, on this very page, and did not sign out.
 */
type AccessState = "unknown" | "in" | "out" | "ended";

interface AccessValue {
  readonly state: AccessState;
  /** Who asks, or asked before the session ended; null while nobody is known. */
  readonly who: Session | null;
  /** Why the server could not be asked; null if it could, or has not answered yet. */
  readonly failure: Error | null;
}

const AccessContext = createContext<AccessValue>({ state: "unknown", who: null, failure: null });

export function AccessProvider({ children }: { children: ReactNode }) {
  const session = useQuery(sessionQuery);
  const access = useSyncExternalStore(onAccess, currentAccess);
  const who = session.data ?? null;
  const failure = access === "unknown" ? session.error : null;
  const state = stateOf(who !== null, access === "out");
  const value = useMemo(() => ({ state, who, failure }), [state, who, failure]);
  return <AccessContext value={value}>{children}</AccessContext>;
}

function stateOf(known: boolean, out: boolean): AccessState {
  if (known) return out ? "ended" : "in";
  return out ? "out" : "unknown";
}

export function useAccess(): AccessValue {
  return use(AccessContext);
}

/** Why who asks may not do what needs this right; null if they may. */
export function useWhyNot(right: Right): string | null {
  const { who } = useAccess();
  return who === null || may(who, right) ? null : wordsForMissing(right, who);
}

/** What a dialog closes by: not while the sign-in is above it, whose Escape is not meant for it. */
export function useKeptOpen(close: () => void): () => void {
  const { state } = useAccess();
  return state === "ended" ? nothing : close;
}

/** Shows what the new session may see, and nothing of anybody else's. */
export function useSignedIn(): (session: Session) => void {
  const queries = useQueryClient();
  return useCallback(
    (session) => {
      const before = queries.getQueryData<Session>(sessionKeys.who);
      queries.setQueryData(sessionKeys.who, session);
      const others = {
        predicate: ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[0] !== sessionKeys.who[0],
      };
      const same = before !== undefined && before.kind === session.kind && before.id === session.id;
      void (same ? queries.invalidateQueries(others) : queries.resetQueries(others));
    },
    [queries],
  );
}

/** Ends the session, and forgets what it showed and what was typed. */
export function useSignOut(): (everywhere: boolean) => Promise<void> {
  const queries = useQueryClient();
  return useCallback(
    async (everywhere) => {
      await signOut(everywhere);
      forgetDrafts();
      await queries.resetQueries();
    },
    [queries],
  );
}

function nothing() {}
