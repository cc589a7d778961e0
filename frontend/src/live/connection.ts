import { onContact } from "@/api/contact";
import { readJobEvent } from "./job-event";
import { INITIAL, type LiveState, modeOf, mustCatchUp, next, type Signal } from "./machine";
import type { Refresher } from "./refresher";

const POLL_MS = 2_000;
/** Timeout for the stream's `hello` event; then the page polls. */
const HELLO_WITHIN_MS = 3_000;
/** A live page refetches now and then too: the stream is a hint, not a guarantee. */
const LOOK_ANYWAY_MS = 30_000;
/** A connection can die silently; the "live" light must notice. */
const ASK_ANYWAY_MS = 10_000;
/** A browser allows about six connections to one host: hidden tabs close theirs. */
const CLOSE_HIDDEN_MS = 10_000;

export interface Connection {
  state(): LiveState;
  subscribe(listener: () => void): () => void;
  stop(): void;
}

/** The page's one EventSource, with polling as the fallback. */
export function connect(url: string, refresher: Refresher, probe: () => Promise<void>): Connection {
  let state = INITIAL;
  let source: EventSource | null = null;
  let helloTimer: ReturnType<typeof setTimeout> | undefined;
  let hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  let probing = false;
  const listeners = new Set<() => void>();

  const signal = (what: Signal) => {
    const before = state;
    const after = next(before, what);
    if (after.stream !== before.stream || after.server !== before.server) {
      state = after;
      for (const notify of listeners) notify();
    }
    if (mustCatchUp(before, what)) refresher.everything();
    // A stream that seems open may have died with its server.
    if (what === "up" && before.server === "down") open();
  };

  const ask = async () => {
    if (probing) return;
    probing = true;
    await probe();
    probing = false;
  };

  const close = () => {
    clearTimeout(helloTimer);
    source?.close();
    source = null;
  };

  const open = () => {
    close();
    const stream = new EventSource(url);
    source = stream;
    helloTimer = setTimeout(() => signal("stream-lost"), HELLO_WITHIN_MS);
    stream.addEventListener("hello", () => {
      clearTimeout(helloTimer);
      signal("stream-open");
    });
    stream.addEventListener("job", (event) => {
      const job = readJobEvent(event.data);
      if (job === null) refresher.everything();
      else refresher.jobChanged(job.id);
    });
    stream.addEventListener("resync", () => refresher.everything());
    stream.addEventListener("error", () => {
      if (source !== stream) return;
      clearTimeout(helloTimer);
      signal("stream-lost");
      void ask();
    });
  };

  const poll = () => {
    if (document.hidden || modeOf(state) === "live") return;
    void ask();
    if (modeOf(state) === "polling") refresher.everything();
    // The browser reconnects by itself, with its last position, unless it has given up.
    if (source === null || source.readyState === EventSource.CLOSED) open();
  };

  const lookAnyway = () => {
    if (!document.hidden && modeOf(state) === "live") refresher.everything();
  };

  const askAnyway = () => {
    if (!document.hidden) void ask();
  };

  const visibilityChanged = () => {
    clearTimeout(hiddenTimer);
    refresher.hold(document.hidden);
    if (document.hidden) {
      hiddenTimer = setTimeout(close, CLOSE_HIDDEN_MS);
    } else {
      if (source === null) open();
      void ask();
      refresher.everything();
    }
  };

  const stopListening = onContact(signal);
  const timers = [
    setInterval(poll, POLL_MS),
    setInterval(lookAnyway, LOOK_ANYWAY_MS),
    setInterval(askAnyway, ASK_ANYWAY_MS),
  ];
  addEventListener("offline", askAnyway);
  addEventListener("online", askAnyway);
  document.addEventListener("visibilitychange", visibilityChanged);
  // Opened in a background tab.
  if (document.hidden) refresher.hold(true);
  open();

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop() {
      close();
      stopListening();
      for (const timer of timers) clearInterval(timer);
      clearTimeout(hiddenTimer);
      removeEventListener("offline", askAnyway);
      removeEventListener("online", askAnyway);
      document.removeEventListener("visibilitychange", visibilityChanged);
    },
  };
}
