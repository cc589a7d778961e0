import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, messageOf, UnreachableError } from "@/api/errors";
import { exportedJobs } from "@/api/job-export";
import type { JobFilter } from "@/api/job-rows";
import { downloadFile } from "@/lib/download";
import { type ExportFormat, WholeRows } from "@/lib/whole-rows";

/** Between the tries that go on by themselves; then a person is asked. */
const WAITS_MS = [1_000, 3_000, 9_000];
const TYPES = { ndjson: "application/x-ndjson", csv: "text/csv" } as const;
/** Parts are handed to the browser in blobs of this size, which it may keep on the disk. */
const BLOB_BYTES = 4 * 1024 * 1024;
const SHOWN_EVERY_MS = 200;

export type ExportStep = "asks" | "runs" | "waits" | "broke" | "done";

export interface ExportState {
  step: ExportStep;
  count: number;
  error: string | null;
}

const ASKS: ExportState = { step: "asks", count: 0, error: null };

/** A file that is growing. */
class Growing {
  readonly format: ExportFormat;
  readonly rows: WholeRows;
  #blobs: Blob[] = [];
  #parts: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  constructor(format: ExportFormat) {
    this.format = format;
    this.rows = new WholeRows(format);
  }

  add(chunk: Uint8Array<ArrayBuffer>): void {
    for (const part of this.rows.take(chunk)) {
      this.#parts.push(part);
      this.#bytes += part.length;
    }
    if (this.#bytes >= BLOB_BYTES) this.#pack();
  }

  /** Ready to go on behind the last whole job; without one it begins anew. */
  goOn(): void {
    this.rows.drop();
    if (this.rows.last !== null) return;
    this.#blobs = [];
    this.#parts = [];
    this.#bytes = 0;
  }

  whole(): Blob {
    this.#pack();
    return new Blob(this.#blobs, { type: TYPES[this.format] });
  }

  #pack(): void {
    this.#blobs.push(new Blob(this.#parts));
    this.#parts = [];
    this.#bytes = 0;
  }
}

/** Fetches the jobs of a filter into a file; a line that breaks costs nothing of what came before. */
export function useExport(filter: JobFilter) {
  const [state, setState] = useState(ASKS);
  const file = useRef<Growing | null>(null);
  const running = useRef<AbortController | null>(null);

  const run = useCallback(
    async (growing: Growing) => {
      const stop = new AbortController();
      running.current = stop;
      const show = (step: ExportStep, error: string | null = null) => {
        if (!stop.signal.aborted) setState({ step, count: growing.rows.count, error });
      };
      let tries = 0;
      for (;;) {
        const before = growing.rows.count;
        try {
          show("runs");
          growing.goOn();
          await fetchInto(growing, filter, stop.signal, () => show("runs"));
          if (stop.signal.aborted) return;
          downloadFile(`jobs.${growing.format}`, growing.whole());
          show("done");
          return;
        } catch (error) {
          if (stop.signal.aborted) return;
          if (growing.rows.count > before) tries = 0;
          const wait = WAITS_MS[tries++];
          if (wait === undefined || !passes(error)) return show("broke", messageOf(error));
          show("waits", messageOf(error));
          await pause(wait, stop.signal);
          if (stop.signal.aborted) return;
        }
      }
    },
    [filter],
  );

  const start = (format: ExportFormat) => {
    file.current = new Growing(format);
    void run(file.current);
  };
  const goOn = () => {
    if (file.current !== null) void run(file.current);
  };
  const stop = useCallback(() => {
    running.current?.abort();
    file.current = null;
    setState(ASKS);
  }, []);
  // What nobody waits for any more is not fetched.
  useEffect(() => () => running.current?.abort(), []);
  return { state, start, goOn, stop };
}

async function fetchInto(growing: Growing, filter: JobFilter, signal: AbortSignal, show: () => void) {
  let shown = Number.NEGATIVE_INFINITY;
  for await (const chunk of exportedJobs(filter, growing.format, growing.rows.last, signal)) {
    growing.add(chunk);
    if (performance.now() - shown < SHOWN_EVERY_MS) continue;
    shown = performance.now();
    show();
  }
}

/** Whether the same request may succeed a moment later. */
function passes(error: unknown): boolean {
  return error instanceof UnreachableError || (error instanceof ApiError && error.status >= 500);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
