import type { Endpoint, EndpointRequest, WebhookEvent } from "@/api/model";
import { words } from "@/lib/words";
import { EVENTS } from "./words";

/** The form's values as text, as they are kept while somebody types. Lists are separated by spaces. */
export type EndpointValues = {
  readonly url: string;
  readonly description: string;
  readonly events: string;
  /** "all" or "some". */
  readonly scope: string;
  readonly flows: string;
};

export const EMPTY: EndpointValues = {
  url: "",
  description: "",
  events: EVENTS.join(" "),
  scope: "all",
  flows: "",
};

export type Problems = Partial<Record<keyof EndpointValues, string>>;

export function valuesOf(endpoint: Endpoint): EndpointValues {
  return {
    url: endpoint.url,
    description: endpoint.description,
    events: EVENTS.filter((event) => endpoint.events.includes(event)).join(" "),
    scope: endpoint.flows === null ? "all" : "some",
    flows: (endpoint.flows ?? []).join(" "),
  };
}

export function problemsOf(values: EndpointValues): Problems {
  const found: Problems = {};
  const url = problemOfUrl(values.url.trim());
  if (url !== null) found.url = url;
  if (words(values.events).length === 0) found.events = "Choose at least one event.";
  if (values.scope === "some" && words(values.flows).length === 0) found.flows = "Choose at least one flow.";
  return found;
}

function problemOfUrl(text: string): string | null {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    return "Enter a URL that begins with https:// or http://.";
  const { username, password } = new URL(text);
  return username + password === ""
    ? null
    : "Leave out the user name and password: the receiver verifies the signature instead.";
}

/** The request, for values without problems. */
export function toRequest(values: EndpointValues): EndpointRequest {
  return {
    url: values.url.trim(),
    events: words(values.events) as WebhookEvent[],
    flows: values.scope === "some" ? words(values.flows) : null,
    description: values.description.trim(),
  };
}
