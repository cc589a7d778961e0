import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, use, useEffect, useState, useSyncExternalStore } from "react";
import { BASE_PATH } from "@/api/base-path";
import { probeServer } from "@/api/health";
import { type Connection, connect } from "./connection";
import { INITIAL, type LiveState, type Mode, modeOf } from "./machine";
import { createRefresher } from "./refresher";

const LiveContext = createContext<LiveState>(INITIAL);

export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [connection, setConnection] = useState<Connection | null>(null);

  useEffect(() => {
    const made = connect(`${BASE_PATH}/events`, createRefresher(queries), probeServer);
    setConnection(made);
    return () => made.stop();
  }, [queries]);

  const state = useSyncExternalStore(connection?.subscribe ?? nothing, connection?.state ?? initial);
  return <LiveContext value={state}>{children}</LiveContext>;
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
