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

type Body<P extends keyof paths, M extends "get" | "post"> = paths[P][M] extends { responses: infer R }
  ? Extract<R[keyof R & (200 | 201 | 202)], { content: { "application/json": unknown } }> extends {
      content: { "application/json": infer B };
    }
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

/** The beginning of an answer. Its rest never comes: it is waited for, or the connection breaks. */
export class Beginning {
  readonly text: string;
  readonly end: "waits" | "breaks";

  constructor(text: string, end: "waits" | "breaks") {
    this.text = text;
    this.end = end;
  }
}

export interface Asked {
  readonly query: URLSearchParams;
  /** What stands in the path for `{id}`; "" if there is none. */
  readonly id: string;
  /** What was sent as JSON; null if nothing was. */
  readonly body: unknown;
}

type Answer<B> = B | Refusal | ((asked: Asked) => B | Refusal);
type Posted = { [P in keyof paths]: paths[P] extends { post: object } ? P : never }[keyof paths];

/**
 * What the API answers to GET, by its paths, and to POST ("POST /bulk-actions"); the types are those of the OpenAPI
 * document. Every other request that would change something is refused.
 */
export type Answers = { [P in Exclude<keyof paths, "/jobs" | "/jobs/export">]?: Answer<Body<P, "get">> } & {
  [P in Posted as `POST ${P}`]?: Answer<Body<P, "post">>;
} & {
  // Snippets come with a search only.
  "/jobs"?: Answer<WireSummary[]>;
  "/jobs/export"?: Answer<Beginning>;
};
