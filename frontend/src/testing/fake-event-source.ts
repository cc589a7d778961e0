/** An EventSource controlled by a test. `instances` are all that were created, oldest first. */
export class FakeEventSource extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  static instances: FakeEventSource[] = [];

  readyState: number = FakeEventSource.CONNECTING;
  readonly url: string;

  constructor(url: string) {
    super();
    this.url = url;
    FakeEventSource.instances.push(this);
  }

  static newest(): FakeEventSource {
    const newest = FakeEventSource.instances.at(-1);
    if (newest === undefined) throw new Error("no EventSource was made");
    return newest;
  }

  send(event: string, data: unknown): void {
    this.readyState = FakeEventSource.OPEN;
    const text = typeof data === "string" ? data : JSON.stringify(data);
    this.dispatchEvent(new MessageEvent(event, { data: text }));
  }

  /** The connection broke; the browser will reconnect by itself, or has given up (`final`). */
  fail(final = false): void {
    this.readyState = final ? FakeEventSource.CLOSED : FakeEventSource.CONNECTING;
    this.dispatchEvent(new Event("error"));
  }

  close(): void {
    this.readyState = FakeEventSource.CLOSED;
  }
}
