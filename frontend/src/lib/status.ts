/** The six states of a job, in the order of its life. The last three are final. */
export const STATUSES = ["PENDING", "RUNNING", "WAITING", "COMPLETED", "FAILED", "CANCELLED"] as const;

export type Status = (typeof STATUSES)[number];

const FINAL: ReadonlySet<string> = new Set(["COMPLETED", "FAILED", "CANCELLED"]);

export function isStatus(text: string): text is Status {
  return (STATUSES as readonly string[]).includes(text);
}

export function isFinal(status: string): boolean {
  return FINAL.has(status);
}

/** PENDING → Pending. Unknown states of a newer server are shown too. */
export function statusLabel(status: string): string {
  return status.charAt(0) + status.slice(1).toLowerCase();
}
