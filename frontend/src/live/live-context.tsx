import { IsRestoringProvider, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, use, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useAccess } from "@/access/access-context";
import { BASE_PATH } from "@/api/base-path";
import { currentStaleness, onStaleness, type Staleness } from "@/api/freshness";
import { probeServer } from "@/api/health";
import { may } from "@/api/session";
import { type Connection, connect, type Reach } from "./connection";
import { INITIAL, type LiveState, type Mode, modeOf } from "./machine";
import { createRefresher } from "./refresher";

const RefreshContext = createContext<() => void>(() => {});
const LiveContext = createContext<LiveState>(INITIAL);

interface Props {
  children: ReactNode;
  /** Whether the first requests wait for the stream. */
  streamFirst?: boolean;
}

/**
 * What is fetched before the stream tells of changes must be fetched again. So the first requests wait until it is open,
 * or has not opened in time (`connection.ts`). Not in a tab that opens in the background: it opens no stream.
 */
export function LiveProvider({ children, streamFirst = true }: Props) {
  const queries = useQueryClient();
  const [waits] = useState(streamFirst && !document.hidden);
  const [connection, setConnection] = useState<Connection | null>(null);
  const [refresher] = useState(() => createRefresher(queries));
  const { state: access, who, failure } = useAccess();
  const reads = who !== null && may(who, "read");
  // Who asks is not known for a moment after the load.
  const asking = waits && access === "unknown" && failure === null;
  const reach = reachOf(access, reads, asking);
  const begun = useRef(reach);

  useEffect(() => {
    const made = connect(`${BASE_PATH}/events`, refresher, probeServer, begun.current);
    setConnection(made);
    return () => made.stop();
  }, [refresher]);

  useEffect(() => {
    begun.current = reach;
    connection?.allow(reach);
  }, [connection, reach]);

  const state = useSyncExternalStore(connection?.subscribe ?? nothing, connection?.state ?? initial);
  const connecting = reach === "all" && state.stream === "connecting";

  return (
    <LiveContext value={state}>
      <RefreshContext value={refresher.everything}>
        {/* "Restoring" is the library's word for a time in which queries do not fetch yet. */}
        <IsRestoringProvider value={waits && (asking || connecting)}>{children}</IsRestoringProvider>
      </RefreshContext>
    </LiveContext>
  );
}

function reachOf(access: ReturnType<typeof useAccess>["state"], reads: boolean, asking: boolean): Reach {
  if (access === "in" && reads) return "all";
  return (access === "in" || access === "unknown") && !asking ? "no-stream" : "nothing";
}

function nothing() {
  return () => {};
}

function initial() {
  return INITIAL;
}

interface Live extends LiveState {
  readonly mode: Mode;
  /** Why what is shown could not be refreshed; null if it could. */
  readonly staleness: Staleness | null;
}

export function useLive(): Live {
  const state = use(LiveContext);
  const staleness = useSyncExternalStore(onStaleness, currentStaleness);
  return { ...state, mode: modeOf(state), staleness };
}

/** Refetches everything now. */
export function useRefresh(): () => void {
  return use(RefreshContext);
}
