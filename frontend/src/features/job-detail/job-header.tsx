import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Job } from "@/api/model";
import { BackLink } from "@/components/back-link";
import { CopyButton } from "@/components/copy-button";
import { StatusBadge } from "@/components/status-badge";
import { VerdictBadge } from "@/components/verdict-badge";
import { lastList } from "@/lib/last-list";
import { JobActions } from "./job-actions";
import styles from "./job-detail.module.css";

/** `places`: where the job stands in the list it was opened from. */
export function JobHeader({ job, places }: { job: Job; places: ReactNode }) {
  return (
    <header className={styles["header"]}>
      <div className={styles["top"]} data-noprint>
        <BackLink to="/" search={lastList()}>
          Jobs
        </BackLink>
        {places}
      </div>
      <div className={styles["headline"]}>
        <div className={styles["identity"]}>
          <h1 className={styles["id"]}>
            <span className="visually-hidden">Job </span>
            <code>{job.id}</code>
          </h1>
          <CopyButton text={job.id} what="the job's id" />
          {/* Announced when it changes: this is what people wait for on this page. */}
          <span role="status" aria-live="polite" className={styles["status"]}>
            <StatusBadge status={job.status} large />
          </span>
          {job.resultVerdict !== null && <VerdictBadge verdict={job.resultVerdict} />}
        </div>
        <JobActions job={job} />
      </div>
      {job.replayOf !== null && (
        <p className={styles["replayOf"]}>
          Replay of{" "}
          <Link to="/jobs/$id" params={{ id: job.replayOf }}>
            <code>{job.replayOf}</code>
          </Link>
          {" · "}
          <Link to="/jobs/$id/compare/$otherId" params={{ id: job.replayOf, otherId: job.id }}>
            Compare both results
          </Link>
        </p>
      )}
    </header>
  );
}
