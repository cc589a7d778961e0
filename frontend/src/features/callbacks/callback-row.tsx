import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { KeptCallback } from "@/api/model";
import { VisibleText } from "@/components/result/visible-text";
import { Age } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import styles from "./callbacks.module.css";
import { Content } from "./content";
import { lookOf } from "./verdicts";
import { type KnownJob, wordsFor } from "./words";

interface Props {
  callback: KeptCallback;
  /** The job on whose page the row is; null in the inbox of all jobs. */
  job: KnownJob;
  open?: boolean;
  children?: ReactNode;
}

export function CallbackRow({ callback, job, open = false, children }: Props) {
  const { label, icon, tone } = lookOf(callback.verdict);
  const { what, fate } = wordsFor(callback, job);
  return (
    <li className={styles["row"]} data-callback={callback.id}>
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
      <Content callback={callback} open={open} />
      <div className={styles["foot"]}>
        <Facts callback={callback} named={job === null} />
        {children}
      </div>
    </li>
  );
}

function Facts({ callback, named }: { callback: KeptCallback; named: boolean }) {
  const { jobId, attempt, executionId, flow, deliveries, lastReceivedAt } = callback;
  return (
    <dl className={styles["facts"]}>
      {named && jobId !== null && (
        <Fact name="Job">
          {callback.verdict === "unknown" ? (
            <code>{jobId}</code>
          ) : (
            <Link to="/jobs/$id" params={{ id: jobId }}>
              <code>{jobId}</code>
            </Link>
          )}
        </Fact>
      )}
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
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
