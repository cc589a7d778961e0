import type { WireSummary } from "../src/api/model.ts";
import type { paths } from "../src/api/schema.d.ts";

/** The time at which all stories happen. */
export const NOW = Date.parse("2026-11-26T14:30:00.000Z");

/** The time so many seconds before `NOW`, or after it if negative; as the API writes it. */
export function ago(seconds: number): string {
  return new Date(NOW - seconds * 1_000).toISOString();
}

/** An id of 24 hex digits of something that came into being so many seconds before `NOW`; `nth`: of that second. */
export function idAt(seconds: number, nth = 0): string {
  const second = Math.floor((NOW - seconds * 1_000) / 1_000);
  return `${second.toString(16).padStart(8, "0")}${(0x5ca1ab1e0000 + nth).toString(16).padStart(16, "0")}`;
}

type Body<P extends keyof paths> = paths[P]["get"] extends { responses: infer R }
  ? R extends { 200: { content: { "application/json": infer B } } }
    ? B
    : never
  : never;

/** An answer that refuses. */
export class Refusal {
  readonly status: number;
  readonly detail: string;

  constructor(status: number, detail: string) {
    this.status = status;
    this.detail = detail;
  }
}

export interface Asked {
  readonly query: URLSearchParams;
  /** What stands in the path for `{id}`; "" if there is none. */
  readonly id: string;
}

type Answer<B> = B | Refusal | ((asked: Asked) => B | Refusal);

/** What the API answers to GET, by its paths; the types are those of the OpenAPI document. */
export type Answers = { [P in Exclude<keyof paths, "/jobs">]?: Answer<Body<P>> } & {
  // Snippets come with a search only.
  "/jobs"?: Answer<WireSummary[]>;
};
