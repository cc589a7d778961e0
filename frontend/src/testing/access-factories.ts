/** Who may do what, and who did it, as the server sends it, with changes. */
import type { WireAuditEntry, WireKey, WireSession } from "@/api/model";
import { T0 } from "./job-factories.ts";

/** A server without login. */
export function wireSession(changes: Partial<WireSession> = {}): WireSession {
  return {
    auth: "off",
    kind: "everyone",
    id: "",
    name: "",
    rights: ["admin", "operate", "read", "submit"],
    flows: null,
    expiresAt: null,
    ...changes,
  };
}

/** A server with keys, and one that was signed in with. */
export function keySession(...rights: WireSession["rights"]): WireSession {
  return wireSession({ auth: "keys", kind: "key", id: "abcdefghij", name: "nightly import", rights });
}

export function wireKey(changes: Partial<WireKey> = {}): WireKey {
  return {
    id: "abcdefghij",
    name: "nightly import",
    rights: ["submit"],
    flows: null,
    createdAt: T0,
    createdBy: "",
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    ratePerMinute: null,
    ...changes,
  };
}

export function wireAuditEntry(changes: Partial<WireAuditEntry> = {}): WireAuditEntry {
  return {
    id: "a".repeat(24),
    at: T0,
    act: "job_cancelled",
    outcome: "done",
    kind: "key",
    who: "abcdefghij",
    address: "10.0.0.7",
    requestId: "r1",
    what: "0123456789abcdef01234567",
    detail: null,
    ...changes,
  };
}
