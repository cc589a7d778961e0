import type { DeliveryState } from "@/api/model";
import type { DeliveryFilter } from "@/api/webhooks";
import { asList, asText } from "@/lib/search-params";

export const STATES: readonly DeliveryState[] = ["pending", "delivered", "failed"];
const ID = /^[0-9a-f]{24}$/;

/** The filters in the URL; unset ones are absent. */
export interface WebhookSearch {
  state?: readonly DeliveryState[];
  endpoint?: string;
  job?: string;
}

/** Reads the filters from any URL; unknown values are ignored. */
export function readSearch(search: Record<string, unknown>): WebhookSearch {
  const named = asList(search["state"]).map((text) => text.toLowerCase());
  return toSearch({
    state: STATES.filter((state) => named.includes(state)),
    endpoint: asId(asText(search["endpoint"])),
    job: asId(asText(search["job"])),
  });
}

export function toFilter(search: WebhookSearch): DeliveryFilter {
  return { state: search.state ?? [], endpoint: search.endpoint ?? "", job: search.job ?? "" };
}

export function toSearch(filter: DeliveryFilter): WebhookSearch {
  return {
    ...(filter.state.length > 0 && { state: filter.state }),
    ...(filter.endpoint !== "" && { endpoint: filter.endpoint }),
    ...(filter.job !== "" && { job: filter.job }),
  };
}

export function isFiltered(filter: DeliveryFilter): boolean {
  return Object.keys(toSearch(filter)).length > 0;
}

/** An id as it is written, or "". */
export function asId(text: string): string {
  const id = text.trim().toLowerCase();
  return ID.test(id) ? id : "";
}
