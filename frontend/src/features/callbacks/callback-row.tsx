import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { JobSummary, KeptCallback } from "@/api/model";
import { Fact, FactLine } from "@/components/fact-line";
import { VisibleText } from "@/components/result/visible-text";
import { StatusBadge } from "@/components/status-badge";
import { Age } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import styles from "./callbacks.module.css";
import { Content } from "./content";
import { firstWords } from "./shape";
import { lookOf } from "./verdicts";
import { type KnownJob, wordsFor } from "./words";

interface Props {
  callback: KeptCallback;
  job: KnownJob;
  /** Its job as a row of the inbox of all jobs names it; undefined on the page of the job. */
  named?: JobSummary | null;
  open?: boolean;
  children?: ReactNode;
}

export function CallbackRow({ callback, job, named, open = false, children }: Props) {
  const { label, icon, tone } = lookOf(callback.verdict);
  const { what, fate } = wordsFor(callback, job);
  return (
    <li className={styles["row"]} data-callback={callback.id} tabIndex={-1}>
      <div className={styles["top"]}>
        <ToneBadge tone={tone} icon={icon}>
          {label}
        </ToneBadge>
        <p className={styles["what"]}>
          {what} {fate !== null && <span className={styles["fate"]}>{fate}</span>}
        </p>
        <span className={styles["when"]}>
          <Age at={callback.receivedAt} />
        </span>
      </div>
      {named !== undefined && callback.jobId !== null && <JobLine id={callback.jobId} job={named} />}
      <Content callback={callback} open={open} />
      <div className={styles["foot"]}>
        <Facts callback={callback} />
        {children}
      </div>
    </li>
  );
}

/** Of which job and prompt it is. A job that is not there has no page. */
function JobLine({ id, job }: { id: string; job: JobSummary | null }) {
  return (
    <p className={styles["jobLine"]}>
      {job === null ? (
        <>
          <span>Job</span> <code>{id}</code>
        </>
      ) : (
        <>
          <StatusBadge status={job.status} />
          <Link to="/jobs/$id" params={{ id }} title={id}>
            <bdi>
              <VisibleText text={firstWords(job.prompt)} />
            </bdi>
          </Link>
        </>
      )}
    </p>
  );
}

function Facts({ callback }: { callback: KeptCallback }) {
  const { attempt, executionId, flow, deliveries, lastReceivedAt } = callback;
  return (
    <FactLine>
      {attempt !== null && <Fact name="Attempt">{attempt}</Fact>}
      {executionId !== null && (
        <Fact name="Execution">
          <code>
            <VisibleText text={executionId} />
          </code>
        </Fact>
      )}
      {flow !== null && (
        <Fact name="Flow">
          <VisibleText text={flow} />
        </Fact>
      )}
      {deliveries > 1 && (
        <Fact name="Deliveries">
          {deliveries.toLocaleString("en")}, last <Age at={lastReceivedAt} />
        </Fact>
      )}
    </FactLine>
  );
}
