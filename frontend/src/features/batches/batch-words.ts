import { IconBan, IconCircleCheck, IconLoader2, type TablerIcon } from "@tabler/icons-react";
import type { Batch } from "@/api/model";
import type { Tone } from "@/components/tone-badge";

interface Look {
  readonly label: string;
  readonly icon: TablerIcon;
  readonly tone: Tone;
}

const LOOKS: Readonly<Record<Batch["status"], Look>> = {
  IN_PROGRESS: { label: "In progress", icon: IconLoader2, tone: "blue" },
  CANCELLING: { label: "Cancelling", icon: IconBan, tone: "amber" },
  ENDED: { label: "Ended", icon: IconCircleCheck, tone: "green" },
};

const CANCELLED: Look = { label: "Cancelled", icon: IconBan, tone: "gray" };

export function lookOf({ status, cancelledAt }: Pick<Batch, "status" | "cancelledAt">): Look {
  return status === "ENDED" && cancelledAt !== null ? CANCELLED : LOOKS[status];
}

export type CountName = keyof Batch["counts"];

/** In the order of the bar: what has ended first. */
export const COUNTS: readonly { readonly name: CountName; readonly label: string; readonly tone: Tone }[] = [
  { name: "completed", label: "completed", tone: "green" },
  { name: "failed", label: "failed", tone: "red" },
  { name: "cancelled", label: "cancelled", tone: "gray" },
  { name: "deleted", label: "deleted", tone: "gray" },
  { name: "waiting", label: "waiting", tone: "violet" },
  { name: "running", label: "running", tone: "blue" },
  { name: "pending", label: "pending", tone: "gray" },
];

const DONE: ReadonlySet<CountName> = new Set(["completed", "failed", "cancelled", "deleted"]);

/** The number of jobs that have ended, or are no longer there. */
export function doneOf({ counts }: Pick<Batch, "counts">): number {
  return COUNTS.reduce((sum, { name }) => sum + (DONE.has(name) ? counts[name] : 0), 0);
}

/** "40 of 100 jobs done: 38 completed, 2 failed, 60 pending". */
export function wordsFor(batch: Pick<Batch, "counts" | "jobs">): string {
  const parts = COUNTS.filter(({ name }) => batch.counts[name] > 0).map(
    ({ name, label }) => `${number(batch.counts[name])}\u00a0${label}`,
  );
  const done = `${number(doneOf(batch))} of ${number(batch.jobs)} ${batch.jobs === 1 ? "job" : "jobs"} done`;
  return parts.length === 0 ? done : `${done}: ${parts.join(", ")}`;
}

export function number(value: number): string {
  return value.toLocaleString("en");
}
