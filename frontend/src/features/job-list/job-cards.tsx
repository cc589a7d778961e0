import type { JobSummary } from "@/api/model";
import { StatusBadge } from "@/components/status-badge";
import { Age } from "@/components/times";
import { Duration, PromptCell } from "./job-cells";
import styles from "./job-list.module.css";

interface Props {
  jobs: readonly JobSummary[];
  selected: string | null;
}

/** The list on narrow screens. */
export function JobCards({ jobs, selected }: Props) {
  return (
    <ul className={styles["cards"]} aria-label="Jobs, newest first">
      {jobs.map((job) => (
        <li
          key={job.id}
          className={styles["card"]}
          data-job={job.id}
          data-selected={job.id === selected || undefined}
        >
          <div className={styles["cardTop"]}>
            <StatusBadge status={job.status} />
            <span>
              <Age at={job.createdAt} />
            </span>
          </div>
          <PromptCell job={job} />
          <div className={styles["cardFacts"]}>
            <span>{job.flow}</span>
            <Duration job={job} />
          </div>
        </li>
      ))}
    </ul>
  );
}
