import type { Job } from "@/api/model";
import { useNow } from "@/lib/now";
import { isFinal } from "@/lib/status";
import { formatDuration } from "@/lib/time";
import { type PhaseKind, phasesOf } from "./phases";
import styles from "./timeline.module.css";

const WORDS: Record<PhaseKind, string> = {
  scheduled: "Until its start",
  queued: "In the queue",
  running: "Running",
  waiting: "Waiting for the callback",
};

/** Where the time went, at a glance. The legend has the figures; the bar only pictures them. */
export function PhaseBar({ job }: { job: Job }) {
  const now = useNow();
  const phases = phasesOf(
    job.history,
    isFinal(job.status) ? (job.finishedAt ?? now) : now,
    job.idleMs,
  ).filter((phase) => phase.ms > 0);
  if (phases.length === 0) return null;
  return (
    <div className={styles["phases"]}>
      <div className={styles["bar"]} aria-hidden>
        {phases.map(({ kind, ms }) => (
          <span key={kind} data-kind={kind} style={{ flexGrow: ms }} />
        ))}
      </div>
      <ul className={styles["legend"]}>
        {phases.map(({ kind, ms }) => (
          <li key={kind} data-kind={kind}>
            {WORDS[kind]} <span className="numbers">{formatDuration(ms)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
