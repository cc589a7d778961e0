import { readJobEvent } from "./job-event";

/** What a stream of events tells. */
export interface StreamEvents {
  /** Events come from now on; earlier ones may have been missed. */
  opened(): void;
  /** These jobs changed. */
  changed(ids: readonly string[]): void;
  /** A bulk action changed. */
  bulkChanged(): void;
  /** Anything may have changed. */
  resync(): void;
  lost(): void;
}

export interface Stream {
  close(): void;
}

/** A stream is retried after this, when the browser has given up on it; then after twice as long, and so on. */
const OPEN_AGAIN_MS = 2_000;
const OPEN_AGAIN_AT_MOST_MS = 30_000;

/** An EventSource of this tab's own. */
export function openStream(url: string, events: StreamEvents): Stream {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = OPEN_AGAIN_MS;

  const open = () => {
    const made = new EventSource(url);
    source = made;
    made.addEventListener("hello", () => {
      pause = OPEN_AGAIN_MS;
      events.opened();
    });
    made.addEventListener("job", (event) => {
      const job = readJobEvent(event.data);
      if (job === null) events.resync();
      else events.changed([job.id]);
    });
    made.addEventListener("bulk", () => events.bulkChanged());
    made.addEventListener("resync", () => events.resync());
    made.addEventListener("error", () => {
      if (source !== made) return;
      events.lost();
      // Else the browser reconnects by itself, with its last position.
      if (made.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, pause);
      pause = Math.min(2 * pause, OPEN_AGAIN_AT_MOST_MS);
    });
  };

  open();
  return {
    close() {
      clearTimeout(timer);
      source?.close();
      source = null;
    },
  };
}
