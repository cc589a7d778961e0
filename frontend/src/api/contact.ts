/**
 * What each request shows about the server; the live light subscribes.
 * "up": it answered. "store-down": it answered, but its store is down. "down": no answer.
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

/** A 502, a 504, and a 503 without JSON come from a proxy: the server behind it is down. */
export function contactOf(response: Response): Contact {
  if (response.status === 502 || response.status === 504) return "down";
  if (response.status !== 503) return "up";
  const type = response.headers.get("content-type") ?? "";
  return type.includes("json") ? "store-down" : "down";
}
