import type { WireActiveSession, WireAuditEntry, WireKey } from "../src/api/model.ts";
import { wireAuditEntry, wireKey } from "../src/testing/access-factories.ts";
import { ago, idAt } from "./answers.ts";
import { CANCELLED } from "./ended-jobs.ts";
import { ENDPOINTS } from "./kept.ts";

export const KEYS: readonly WireKey[] = [
  wireKey({
    id: "acc0unt1ng",
    name: "accounting",
    rights: ["read", "submit"],
    flows: ["invoices"],
    createdAt: ago(40 * 86_400),
    createdBy: "Mara Lindqvist",
    lastUsedAt: ago(412),
    ratePerMinute: 120,
  }),
  wireKey({
    id: "webshop001",
    name: "web shop",
    rights: ["submit"],
    flows: ["chat", "translations"],
    createdAt: ago(33 * 86_400),
    createdBy: "Mara Lindqvist",
    lastUsedAt: ago(3),
  }),
  wireKey({
    id: "onduty0001",
    name: "on duty",
    rights: ["operate"],
    createdAt: ago(21 * 86_400),
    createdBy: "Mara Lindqvist",
    expiresAt: ago(-9 * 86_400),
    lastUsedAt: ago(5_300),
  }),
  wireKey({
    id: "oldintern1",
    name: "intranet 2025",
    rights: ["read", "submit"],
    createdAt: ago(200 * 86_400),
    createdBy: "",
    revokedAt: ago(12 * 86_400),
    lastUsedAt: ago(12 * 86_400 + 900),
  }),
];

function entry(seconds: number, changes: Partial<WireAuditEntry>): WireAuditEntry {
  return wireAuditEntry({
    id: idAt(seconds, 5),
    at: ago(seconds),
    kind: "person",
    who: "Mara Lindqvist",
    ...changes,
  });
}

export const AUDIT: readonly WireAuditEntry[] = [
  entry(190, {
    act: "flow_paused",
    what: "reports",
    detail: "The data warehouse is being moved until noon.",
  }),
  entry(740, { act: "job_cancelled", what: CANCELLED.id }),
  entry(1_020, { act: "bulk_started", what: idAt(1_020), detail: "retry: status FAILED, flow invoices" }),
  entry(1_900, {
    act: "batch_submitted",
    kind: "key",
    who: "webshop001",
    what: idAt(1_900, 9),
    address: "10.0.0.21",
  }),
  entry(2_700, {
    act: "refused",
    outcome: "refused",
    kind: "nobody",
    who: "",
    what: "",
    address: "203.0.113.9",
    detail: "No key, or a wrong one",
  }),
  entry(5_300, { act: "signed_in", kind: "key", who: "onduty0001", what: "", address: "10.0.0.7" }),
  entry(7_260, { act: "endpoint_changed", what: ENDPOINTS[1]?.id ?? "" }),
  entry(9_000, { act: "job_deleted", outcome: "unknown", what: idAt(9_100) }),
  entry(86_900, { act: "key_created", what: "onduty0001" }),
];

export const SESSIONS: readonly WireActiveSession[] = [
  { seconds: 3_400, seen: 2, address: "10.0.0.14", current: true },
  { seconds: 200_000, seen: 90_000, address: "198.51.100.23", current: false },
].map(({ seconds, seen, address, current }, nth) => ({
  id: String(nth).repeat(64),
  kind: "person",
  who: "mara@example.com",
  name: "Mara Lindqvist",
  address,
  createdAt: ago(seconds),
  seenAt: ago(seen),
  expiresAt: ago(seconds - 12 * 3_600 * 7),
  current,
}));
