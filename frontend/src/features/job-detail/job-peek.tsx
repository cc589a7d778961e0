import type { ReactNode } from "react";
import type { Job } from "@/api/model";
import { StatusBadge } from "@/components/status-badge";
import { VerdictBadge } from "@/components/verdict-badge";
import { Facts } from "./facts";
import { JobActions } from "./job-actions";
import styles from "./job-detail.module.css";
import { PromptPanel } from "./prompt-panel";
import { ResultPanel } from "./result-panel";
import { StateOfThings } from "./state-of-things";
import { Timeline } from "./timeline";

/** What one looks for first in a job, in one column. `news`: shown above the prompt. */
export function JobPeek({ job, news }: { job: Job; news?: ReactNode }) {
  return (
    <article className={styles["job"]}>
      <div className={styles["peekHead"]}>
        {/* Announced when it changes, and for the next job. */}
        <span role="status" aria-live="polite" className={styles["badges"]}>
          <StatusBadge status={job.status} large />
          {job.resultVerdict !== null && <VerdictBadge verdict={job.resultVerdict} />}
        </span>
        <JobActions job={job} />
      </div>
      {news}
      <StateOfThings job={job} />
      <PromptPanel prompt={job.prompt} />
      <ResultPanel job={job} />
      <Facts job={job} />
      <Timeline job={job} />
    </article>
  );
}
