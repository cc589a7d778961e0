import type { Contact } from "@/api/contact";

/**
 * Is the page up to date? The light in the header says so: live (the stream delivers), polling (the stream does not,
 * but the server answers), offline (the server does not answer).
 */
export type Mode = "connecting" | "live" | "polling" | "offline";

export interface LiveState {
  /** "open" only after the stream's first event: a buffering proxy may accept the connection and hold events back. */
  readonly stream: "connecting" | "open" | "lost";
  readonly server: "unknown" | Contact;
}

export type Signal = "stream-open" | "stream-lost" | Contact;

export const INITIAL: LiveState = { stream: "connecting", server: "unknown" };

export function next(state: LiveState, signal: Signal): LiveState {
  switch (signal) {
    case "stream-open":
      // The stream does not need the store; only a request shows that the store is back.
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

/** Whether events may have been missed, so that everything must be refetched. */
export function mustCatchUp(before: LiveState, signal: Signal): boolean {
  const back = modeOf(before) === "offline" && modeOf(next(before, signal)) !== "offline";
  return back || signal === "stream-open";
}
