import { onContact } from "@/api/contact";
import type { Stream } from "./event-stream";
import { INITIAL, type LiveState, modeOf, mustCatchUp, next, type Signal } from "./machine";
import type { Refresher } from "./refresher";
import { openShared } from "./shared-stream";

const POLL_MS = 2_000;
/** Timeout for the stream's `hello` event; then the page polls. */
const HELLO_WITHIN_MS = 3_000;
/** A live page refetches now and then too: the stream is a hint, not a guarantee. */
const LOOK_ANYWAY_MS = 30_000;
/** A connection can die silently; the "live" light must notice. */
const ASK_ANYWAY_MS = 10_000;
/** A browser allows about six connections to one host: hidden tabs have none. */
const CLOSE_HIDDEN_MS = 10_000;

/** How much the page may ask for: everything, all but the event stream, or nothing, as nobody is signed in. */
export type Reach = "all" | "no-stream" | "nothing";

export interface Connection {
  state(): LiveState;
  subscribe(listener: () => void): () => void;
  /** Tell how much may be asked for from now on. */
  allow(reach: Reach): void;
  stop(): void;
}

/** The page's event stream, with polling as the fallback. A tab that was never seen asks for nothing. */
export function connect(
  url: string,
  refresher: Refresher,
  probe: () => Promise<void>,
  reach: Reach = "all",
): Connection {
  let state = INITIAL;
  let allowed = reach;
  let stream: Stream | null = null;
  let helloTimer: ReturnType<typeof setTimeout> | undefined;
  let hiddenTimer: ReturnType<typeof setTimeout> | undefined;
  let probing = false;
  const listeners = new Set<() => void>();

  const signal = (what: Signal) => {
    const before = state;
    const after = next(before, what);
    // First: the listeners' own first requests are made after it, and need not be made twice.
    if (mustCatchUp(before, what)) refresher.everything();
    if (after.stream !== before.stream || after.server !== before.server) {
      state = after;
      for (const notify of listeners) notify();
    }
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
    stream?.close();
    stream = null;
  };

  const open = () => {
    close();
    if (document.hidden || allowed !== "all") return;
    helloTimer = setTimeout(() => signal("stream-lost"), HELLO_WITHIN_MS);
    stream = openShared(url, {
      opened() {
        clearTimeout(helloTimer);
        signal("stream-open");
      },
      changed(ids) {
        for (const id of ids) refresher.jobChanged(id);
      },
      bulkChanged: () => refresher.bulkChanged(),
      resync: () => refresher.everything(),
      lost() {
        clearTimeout(helloTimer);
        // Tried again and again while the page polls, which tells by itself whether the server answers.
        const isNews = modeOf(state) !== "polling";
        signal("stream-lost");
        if (isNews) void ask();
      },
    });
  };

  const poll = () => {
    // While it connects, the stream's own answer is waited for.
    if (document.hidden || modeOf(state) === "live" || modeOf(state) === "connecting") return;
    // Without a stream on its way only a server that is back is waited for.
    if (allowed !== "all" && modeOf(state) !== "offline") return;
    // What is refetched tells as well whether the server answers.
    if (modeOf(state) === "polling") refresher.everything();
    else void ask();
  };

  const lookAnyway = () => {
    if (document.hidden) return;
    refresher.who();
    if (modeOf(state) === "live") refresher.everything();
  };

  const askAnyway = () => {
    if (!document.hidden) void ask();
  };

  const hold = () => refresher.hold(document.hidden || allowed === "nothing");

  const visibilityChanged = () => {
    clearTimeout(hiddenTimer);
    hold();
    if (document.hidden) {
      hiddenTimer = setTimeout(close, CLOSE_HIDDEN_MS);
    } else {
      if (stream === null) open();
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
  if (document.hidden || allowed === "nothing") hold();
  open();

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    allow(now) {
      if (now === allowed) return;
      allowed = now;
      hold();
      if (now === "all") open();
      else {
        close();
        signal("stream-lost");
      }
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
