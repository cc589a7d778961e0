import type { Job } from "@/api/model";
import { useNow } from "@/lib/now";
import { isFinal } from "@/lib/status";
import { formatClock, formatDuration } from "@/lib/time";
import { marksOf } from "./marks";
import { type StageKind, stagesOf, stretchesOf } from "./stages";
import styles from "./time-axis.module.css";

const WORDS: Record<StageKind, string> = {
  unkept: "No longer kept",
  scheduled: "Scheduled",
  queued: "Queued",
  running: "Running",
  waiting: "Waiting for the callback",
};

/** The job's time from left to right. The legend and the list below have the figures; the axis only pictures them. */
export function TimeAxis({ job }: { job: Job }) {
  const now = useNow();
  const end = isFinal(job.status) ? (job.finishedAt ?? now) : now;
  const stretches = stretchesOf(job.history, end, job.idleMs).filter(({ from, to }) => to > from);
  const first = stretches[0];
  const last = stretches.at(-1);
  if (first === undefined || last === undefined) return null;
  const whole = last.to - first.from;
  const percent = (ms: number) => (100 * ms) / whole;
  return (
    <div className={styles["axis"]}>
      <div className={styles["picture"]} aria-hidden>
        <div className={styles["marks"]}>
          {marksOf(job.history, (at) => percent(at - first.from)).map(({ number, at, side }) => (
            <span key={number} data-side={side} style={{ [side]: `${side === "left" ? at : 100 - at}%` }}>
              {number}
            </span>
          ))}
        </div>
        <div className={styles["bar"]}>
          {stretches.map(({ kind, from, to }) => (
            <span
              key={`${from} ${kind}`}
              data-kind={kind}
              style={{ left: `${percent(from - first.from)}%`, width: `${percent(to - from)}%` }}
            />
          ))}
        </div>
        <div className={styles["ends"]}>
          <span>{formatClock(first.from)}</span>
          <span>+ {formatDuration(whole)}</span>
        </div>
      </div>
      <ul className={styles["legend"]}>
        {stagesOf(stretches)
          .filter(({ ms }) => ms > 0)
          .map(({ kind, ms }) => (
            <li key={kind} data-kind={kind}>
              {WORDS[kind]} <span className="numbers">{formatDuration(ms)}</span>
            </li>
          ))}
      </ul>
    </div>
  );
}
