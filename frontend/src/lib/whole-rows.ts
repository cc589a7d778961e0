const NEWLINE = 10;
const QUOTE = 34;
/** An id is the first field of a row, in both formats. */
const ID = /^(?:\{"id":)?"?([^",]+)/;
const ID_WITHIN_BYTES = 200;

export type ExportFormat = "ndjson" | "csv";

/** The rows of an export that are there whole. What came of a row that is not is kept back until its rest comes. */
export class WholeRows {
  /** How many jobs there are; the line of CSV that names the columns is none. */
  count = 0;
  /** The id of the last job. */
  last: string | null = null;
  #begun: Uint8Array<ArrayBuffer>[] = [];
  #quoted = false;
  readonly #format: ExportFormat;

  constructor(format: ExportFormat) {
    this.#format = format;
  }

  /** The bytes up to the end of the last whole row, with what was kept back before. */
  take(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
    let from = 0;
    const whole: Uint8Array<ArrayBuffer>[] = [];
    for (let end = this.#end(chunk, 0); end !== -1; end = this.#end(chunk, from)) {
      this.#begun.push(chunk.subarray(from, end));
      this.#count();
      whole.push(...this.#begun);
      this.#begun = [];
      from = end;
    }
    if (from < chunk.length) this.#begun.push(chunk.subarray(from));
    return whole;
  }

  /** Drops the row of which only the beginning came. */
  drop(): void {
    this.#begun = [];
    this.#quoted = false;
  }

  /** Behind the next end of a row; -1: there is none. */
  #end(chunk: Uint8Array, from: number): number {
    if (this.#format === "ndjson") return chunk.indexOf(NEWLINE, from) + 1 || -1;
    for (let at = from; at < chunk.length; at++) {
      // A doubled quote within a quoted field (RFC 4180) closes it and opens it again.
      if (chunk[at] === QUOTE) this.#quoted = !this.#quoted;
      else if (chunk[at] === NEWLINE && !this.#quoted) return at + 1;
    }
    return -1;
  }

  #count(): void {
    const begin = new Uint8Array(ID_WITHIN_BYTES);
    let filled = 0;
    for (const part of this.#begun) {
      const some = part.subarray(0, ID_WITHIN_BYTES - filled);
      begin.set(some, filled);
      filled += some.length;
    }
    const id = ID.exec(new TextDecoder().decode(begin.subarray(0, filled)))?.[1] ?? null;
    if (this.#format === "csv" && id === "id") return;
    this.last = id;
    this.count += 1;
  }
}
