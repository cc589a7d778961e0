import {
  IconAlertTriangle,
  IconBan,
  IconCheck,
  IconKey,
  IconLock,
  IconLogin2,
  IconLogout,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconRefresh,
  IconReplace,
  IconRotateClockwise,
  IconStack2,
  IconTrash,
} from "@tabler/icons-react";
import type { AuditAct, AuditEntry, AuditOutcome } from "@/api/model";
import type { Look } from "@/components/tone-badge";

const ACTS: Readonly<Record<AuditAct, Look>> = {
  signed_in: { label: "Signed in", icon: IconLogin2, tone: "gray" },
  signed_out: { label: "Signed out", icon: IconLogout, tone: "gray" },
  refused: { label: "Refused", icon: IconLock, tone: "amber" },
  key_created: { label: "Key made", icon: IconKey, tone: "violet" },
  key_rotated: { label: "Key rotated", icon: IconRotateClockwise, tone: "violet" },
  key_revoked: { label: "Key revoked", icon: IconBan, tone: "violet" },
  job_cancelled: { label: "Job cancelled", icon: IconPlayerStop, tone: "blue" },
  job_retried: { label: "Job retried", icon: IconRefresh, tone: "blue" },
  job_replayed: { label: "Job replayed", icon: IconReplace, tone: "blue" },
  job_deleted: { label: "Job deleted", icon: IconTrash, tone: "red" },
  batch_submitted: { label: "Batch submitted", icon: IconStack2, tone: "blue" },
  batch_cancelled: { label: "Batch cancelled", icon: IconPlayerStop, tone: "blue" },
  result_accepted: { label: "Result accepted", icon: IconCheck, tone: "blue" },
  callback_rejected: { label: "Callback rejected", icon: IconBan, tone: "blue" },
  bulk_started: { label: "Bulk action started", icon: IconStack2, tone: "blue" },
  bulk_aborted: { label: "Bulk action aborted", icon: IconPlayerStop, tone: "blue" },
  flow_paused: { label: "Flow paused", icon: IconPlayerPause, tone: "blue" },
  flow_resumed: { label: "Flow resumed", icon: IconPlayerPlay, tone: "blue" },
  endpoint_created: { label: "Webhook endpoint created", icon: IconKey, tone: "blue" },
  endpoint_changed: { label: "Webhook endpoint changed", icon: IconPencil, tone: "blue" },
  endpoint_deleted: { label: "Webhook endpoint deleted", icon: IconTrash, tone: "blue" },
  endpoint_rotated: { label: "Webhook secret rotated", icon: IconRefresh, tone: "blue" },
  endpoint_enabled: { label: "Webhook endpoint enabled", icon: IconPlayerPlay, tone: "blue" },
  endpoint_disabled: { label: "Webhook endpoint disabled", icon: IconPlayerPause, tone: "blue" },
  endpoint_tested: { label: "Webhook test sent", icon: IconCheck, tone: "blue" },
  delivery_replayed: { label: "Webhook delivery sent again", icon: IconReplace, tone: "blue" },
};

const OUTCOMES: Readonly<Record<AuditOutcome, Look>> = {
  done: { label: "Done", icon: IconCheck, tone: "green" },
  refused: { label: "Refused", icon: IconLock, tone: "amber" },
  unknown: { label: "Unknown", icon: IconAlertTriangle, tone: "red" },
};

const ANY: Look = { label: "", icon: IconAlertTriangle, tone: "gray" };

export const ACT_NAMES = Object.keys(ACTS) as AuditAct[];
export const OUTCOME_NAMES = Object.keys(OUTCOMES) as AuditOutcome[];

export function isAct(text: string): text is AuditAct {
  return Object.hasOwn(ACTS, text);
}

export function isOutcome(text: string): text is AuditOutcome {
  return Object.hasOwn(OUTCOMES, text);
}

/** An act that a newer server knows is shown by its own name. */
export function lookOfAct(act: string): Look {
  return isAct(act) ? ACTS[act] : { ...ANY, label: act };
}

export function lookOfOutcome(outcome: string): Look {
  return isOutcome(outcome) ? OUTCOMES[outcome] : { ...ANY, label: outcome };
}

const KINDS: Readonly<Record<string, string>> = {
  everyone: "Anybody (no sign-in)",
  proxy: "Whoever the proxy let through",
  command: "The command line",
  system: "The server itself",
  nobody: "Without a valid key",
};

/** Who acted, for kinds that have no name of their own. */
export function wordsForKind(kind: string): string {
  return Object.hasOwn(KINDS, kind) ? (KINDS[kind] ?? kind) : kind;
}

/** What is said of the outcome; null where all went well. */
export function remarkOf(entry: Pick<AuditEntry, "outcome" | "act">): string | null {
  if (entry.outcome === "unknown")
    return "The server stopped, or lost its database, before it could record whether the act was done.";
  return entry.outcome === "refused" && entry.act !== "refused" ? "The request was refused." : null;
}

/** The detail in words. That of a submitted batch is the number of its jobs. */
export function wordsForDetail({ act, detail }: Pick<AuditEntry, "act" | "detail">): string | null {
  if (act !== "batch_submitted" || detail === null || !/^\d+$/.test(detail)) return detail;
  return `${Number(detail).toLocaleString("en")} ${detail === "1" ? "job" : "jobs"}`;
}

const RECORD_ID = /^[0-9a-f]{24}$/;

/** Whether what was acted on is a batch, whose page can be opened. */
export function isBatch(entry: Pick<AuditEntry, "act" | "what">): boolean {
  return entry.act.startsWith("batch_") && RECORD_ID.test(entry.what);
}

/** Whether what was acted on is a job, whose page can be opened. */
export function isJob(entry: Pick<AuditEntry, "act" | "what">): boolean {
  return (entry.act.startsWith("job_") || entry.act === "result_accepted") && RECORD_ID.test(entry.what);
}
