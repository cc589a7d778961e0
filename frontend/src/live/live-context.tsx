import { IsRestoringProvider, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, use, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useAccess } from "@/access/access-context";
import { BASE_PATH } from "@/api/base-path";
import { probeServer } from "@/api/health";
import { may } from "@/api/session";
import { type Connection, connect, type Reach } from "./connection";
import { INITIAL, type LiveState, type Mode, modeOf } from "./machine";
import { createRefresher } from "./refresher";

const LiveContext = createContext<LiveState>(INITIAL);

/** What is fetched before the stream tells of changes must be fetched again: so the first requests wait this long. */
const STREAM_FIRST_MS = 1_000;

interface Props {
  children: ReactNode;
  streamFirstMs?: number;
}

export function LiveProvider({ children, streamFirstMs = STREAM_FIRST_MS }: Props) {
  const queries = useQueryClient();
  const [waited, setWaited] = useState(streamFirstMs === 0 || document.hidden);
  const [connection, setConnection] = useState<Connection | null>(null);
  const { state: access, who } = useAccess();
  const reads = who !== null && may(who, "read");
  const reach: Reach =
    access === "in" && reads ? "all" : access === "in" || access === "unknown" ? "no-stream" : "nothing";
  const begun = useRef(reach);

  useEffect(() => {
    const made = connect(`${BASE_PATH}/events`, createRefresher(queries), probeServer, begun.current);
    setConnection(made);
    return () => made.stop();
  }, [queries]);

  useEffect(() => {
    begun.current = reach;
    connection?.allow(reach);
  }, [connection, reach]);

  const state = useSyncExternalStore(connection?.subscribe ?? nothing, connection?.state ?? initial);
  useEffect(() => {
    const timer = setTimeout(() => setWaited(true), streamFirstMs);
    return () => clearTimeout(timer);
  }, [streamFirstMs]);

  return (
    <LiveContext value={state}>
      {/* "Restoring" is the library's word for a time in which queries do not fetch yet. */}
      <IsRestoringProvider value={!waited && reach === "all" && state.stream === "connecting"}>
        {children}
      </IsRestoringProvider>
    </LiveContext>
  );
}

function nothing() {
  return () => {};
}

function initial() {
  return INITIAL;
}

export function useLive(): LiveState & { mode: Mode } {
  const state = use(LiveContext);
  return { ...state, mode: modeOf(state) };
}
