/**
 * Whether the server knows who asks. "unknown" until it has said so; "out" after it refused a request for want of a
 * valid session. The client reports, the page subscribes.
 */
type Access = "unknown" | "in" | "out";

let access: Access = "unknown";
/** Counts the sign-ins: a refusal of a request that was sent before the last one says nothing any more. */
let signIns = 0;
const listeners = new Set<() => void>();

export function currentAccess(): Access {
  return access;
}

export function signedOut(): boolean {
  return access === "out";
}

export function onAccess(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Taken when a request is sent, and given back with its refusal. */
export function accessTicket(): number {
  return signIns;
}

export function reportRefusal(ticket: number): void {
  if (ticket === signIns) set("out");
}

/** Signed in: refusals that are still on their way are of the time before. */
export function reportSignedIn(): void {
  signIns += 1;
  set("in");
}

/** The server said who asks, without a sign-in between. */
export function reportKnown(): void {
  set("in");
}

export function reportSignedOut(): void {
  signIns += 1;
  set("out");
}

export function forgetAccess(): void {
  signIns += 1;
  set("unknown");
}

function set(now: Access): void {
  if (now === access) return;
  access = now;
  for (const notify of listeners) notify();
}

/** A 401 of this product; a proxy's in front of it is another matter. */
export function isRefusal(response: Response): boolean {
  if (response.status !== 401) return false;
  return (response.headers.get("www-authenticate") ?? "").includes('realm="job-processor"');
}
