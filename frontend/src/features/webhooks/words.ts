import { IconCircleCheck, IconCircleX, IconClock, IconQuestionMark } from "@tabler/icons-react";
import type { Delivery, DeliveryState, Endpoint, Try, WebhookEvent } from "@/api/model";
import type { Look, Tone } from "@/components/tone-badge";
import { formatDuration } from "@/lib/time";
import { STATES } from "./search";

/** In the order in which a job may come to them. */
export const EVENTS: readonly WebhookEvent[] = ["completed", "failed", "cancelled"];

const LOOKS: Readonly<Record<DeliveryState, Look>> = {
  pending: { label: "Pending", icon: IconClock, tone: "gray" },
  delivered: { label: "Delivered", icon: IconCircleCheck, tone: "green" },
  failed: { label: "Failed", icon: IconCircleX, tone: "red" },
};

export const CHIPS = STATES.map((state) => ({ value: state, ...LOOKS[state] }));

/** One that is pending after a try that failed stands out. */
export function lookOf({ state, tries }: Pick<Delivery, "state" | "tries">): Look {
  if (!Object.hasOwn(LOOKS, state)) return { label: state, icon: IconQuestionMark, tone: "gray" };
  return state === "pending" && tries.length > 0 ? { ...LOOKS.pending, tone: "amber" } : LOOKS[state];
}

/** What came of a try: "answered 503 after 120 ms". */
export function wordsForTry(one: Try): string {
  const after = formatDuration(one.milliseconds);
  return one.status === null ? `no answer after ${after}` : `answered ${one.status} after ${after}`;
}

/** What became of a delivery so far. */
export function wordsFor(delivery: Pick<Delivery, "state" | "tries" | "note">): string {
  const { state, tries, note } = delivery;
  const last = tries.at(-1);
  if (state === "failed" && note !== null) return note;
  if (last === undefined) return state === "pending" ? "Not sent yet." : "Never sent.";
  const which = tries.length === 1 ? "" : `Try ${tries.length}: `;
  return `${which}${capital(which === "", wordsForTry(last))}.`;
}

function capital(wanted: boolean, text: string): string {
  return wanted ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

export function countOfTries(number: number): string {
  return number === 1 ? "1 try" : `${number.toLocaleString("en")} tries`;
}

/** What a reader calls it: its description, or its host. */
export function nameOf({ description, url }: Pick<Endpoint, "description" | "url">): string {
  return description === "" ? hostOf(url) : description;
}

export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

const BECAUSE: Readonly<Record<string, string>> = {
  asked: "A person disabled the endpoint.",
  gone: "The endpoint answered 410: it wants no more deliveries.",
  failing: "No delivery succeeded for five days.",
};

/** How it stands, and why. */
export function stateOf(endpoint: Pick<Endpoint, "disabledAt" | "disabledBecause" | "failingSince">): {
  label: string;
  tone: Tone;
  why: string | null;
} {
  if (endpoint.disabledAt !== null) {
    const why = BECAUSE[endpoint.disabledBecause ?? ""] ?? null;
    return { label: "Disabled", tone: endpoint.disabledBecause === "asked" ? "gray" : "red", why };
  }
  if (endpoint.failingSince !== null) {
    return {
      label: "Failing",
      tone: "amber",
      why: "The endpoint is disabled after five days without a successful delivery.",
    };
  }
  return { label: "Enabled", tone: "green", why: null };
}

/** Why it cannot be sent (again); null if it can, as far as is known. `endpoints`: undefined where one may not see them. */
export function whyNotSent(
  delivery: Pick<Delivery, "endpointId">,
  endpoints: readonly Pick<Endpoint, "id" | "disabledAt">[] | undefined,
): string | null {
  if (delivery.endpointId === null || endpoints === undefined) return null;
  const endpoint = endpoints.find(({ id }) => id === delivery.endpointId);
  if (endpoint === undefined) return "The endpoint was deleted.";
  return endpoint.disabledAt === null ? null : "The endpoint is disabled. Enable it first.";
}
