import type { Contact } from "@/api/contact";

/**
 * How fresh is what the page shows? The light in the header says it, and says nothing it does not know:
 * live (the stream delivers), polling (it does not, but the server answers), offline (it does not answer).
 */
export type Mode = "connecting" | "live" | "polling" | "offline";

export interface LiveState {
  /** "open" only after the stream's first event: a proxy that holds events back has opened nothing. */
  readonly stream: "connecting" | "open" | "lost";
  readonly server: "unknown" | Contact;
}

export type Signal = "stream-open" | "stream-lost" | Contact;

export const INITIAL: LiveState = { stream: "connecting", server: "unknown" };

export function next(state: LiveState, signal: Signal): LiveState {
  switch (signal) {
    case "stream-open":
      // The stream needs no store; only a request can tell that the store is back.
      return { stream: "open", server: state.server === "store-down" ? "store-down" : "up" };
    case "stream-lost":
      return { ...state, stream: "lost" };
    default:
      return { ...state, server: signal };
  }
}

export function modeOf(state: LiveState): Mode {
  if (state.server === "down" || state.server === "store-down") return "offline";
  if (state.stream === "open") return "live";
  return state.stream === "lost" ? "polling" : "connecting";
}

/** Something may have been missed, of which nobody will tell again: fetch everything anew. */
export function mustCatchUp(before: LiveState, signal: Signal): boolean {
  const back = modeOf(before) === "offline" && modeOf(next(before, signal)) !== "offline";
  return back || signal === "stream-open";
}
