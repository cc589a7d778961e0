import { openStream, type Stream, type StreamEvents } from "./event-stream";

/** What the tab that has the stream tells the others, and what they ask. */
type Message =
  | { readonly kind: "ask" }
  | { readonly kind: "open"; readonly again: boolean }
  | { readonly kind: "changed"; readonly ids: readonly string[] }
  | { readonly kind: "bulk" }
  | { readonly kind: "resync" }
  | { readonly kind: "lost" };

/**
 * One stream for all tabs of a browser, which allows about six connections to a host over HTTP/1.1. The tab that holds
 * a lock has the stream and passes its events on; when the tab closes or is hidden, the next in line opens one.
 *
 * Browsers give locks to secure pages only (https, localhost): elsewhere each tab that is seen has a stream of its own.
 */
export function openShared(url: string, events: StreamEvents): Stream {
  if (!("locks" in navigator) || typeof BroadcastChannel === "undefined") return openStream(url, events);
  const name = `job-processor-stream ${new URL(url, location.href).href}`;
  const channel = new BroadcastChannel(name);
  const tell = (message: Message) => channel.postMessage(message);
  const closed = new AbortController();
  let own: Stream | null = null;
  let open = false;

  const opened = (again: boolean) => {
    if (open && !again) return;
    open = true;
    events.opened();
  };
  const lost = () => {
    open = false;
    events.lost();
  };

  channel.addEventListener("message", ({ data }: MessageEvent<Message>) => {
    if (data.kind === "ask") {
      if (own !== null && open) tell({ kind: "open", again: false });
    } else if (own !== null) {
      // This tab has the stream itself; the message is the last of the tab that had it before.
    } else if (data.kind === "open") opened(data.again);
    else if (data.kind === "changed") events.changed(data.ids);
    else if (data.kind === "bulk") events.bulkChanged();
    else if (data.kind === "resync") events.resync();
    else lost();
  });

  const lead = () =>
    new Promise<void>((resolve) => {
      own = openStream(url, {
        opened() {
          opened(true);
          tell({ kind: "open", again: true });
        },
        changed(ids) {
          events.changed(ids);
          tell({ kind: "changed", ids });
        },
        bulkChanged() {
          events.bulkChanged();
          tell({ kind: "bulk" });
        },
        resync() {
          events.resync();
          tell({ kind: "resync" });
        },
        lost() {
          lost();
          tell({ kind: "lost" });
        },
      });
      closed.signal.addEventListener("abort", () => resolve());
    });

  tell({ kind: "ask" });
  navigator.locks.request(name, { signal: closed.signal }, lead).catch((error: unknown) => {
    if (!closed.signal.aborted) throw error;
  });

  return {
    close() {
      own?.close();
      closed.abort();
      channel.close();
    },
  };
}
