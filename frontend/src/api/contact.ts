/**
 * What every request learns about the server, for whoever wants to know (the live light does).
 * "up": it answered. "store-down": it answers, but its store does not. "down": no answer at all.
 */
export type Contact = "up" | "store-down" | "down";

type Listener = (contact: Contact) => void;

const listeners = new Set<Listener>();

export function onContact(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function reportContact(contact: Contact): void {
  for (const listener of listeners) listener(contact);
}

/** 502 and 504 are a proxy's word that nobody answers behind it; so is a 503 that is not the server's own. */
export function contactOf(response: Response): Contact {
  if (response.status === 502 || response.status === 504) return "down";
  if (response.status !== 503) return "up";
  const type = response.headers.get("content-type") ?? "";
  return type.includes("json") ? "store-down" : "down";
}
