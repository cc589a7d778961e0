import type { Flow } from "@/api/model";

/** What the server itself takes for an id of an execution; a callback may bring any text. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Where an execution is seen; null: the flow does not say, or the id is none that can be part of an address. */
export function executionUrl(flows: readonly Flow[] | undefined, flow: string, id: string): string | null {
  const base = flows?.find(({ name }) => name === flow)?.executionsUrl;
  return base != null && /^https?:\/\//.test(base) && ID.test(id) ? `${base}/${id}` : null;
}
