import { Button } from "@mantine/core";
import { IconDownload, IconPlayerStop } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { failedJobsQuery, resultsAddress } from "@/api/batches";
import { currencyQuery } from "@/api/flows";
import type { BatchWhole } from "@/api/model";
import { ActionButton } from "@/components/action-button";
import { BackLink } from "@/components/back-link";
import { Fact } from "@/components/fact-line";
import { PageHead } from "@/components/page-frame";
import { Panel } from "@/components/panel";
import { VisibleText } from "@/components/result/visible-text";
import { Rows } from "@/components/rows";
import { Age, Elapsed } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import { aboutMoney } from "@/lib/money";
import { useBlocked } from "@/live/use-blocked";
import { BatchProgress } from "./batch-progress";
import { lookOf, number } from "./batch-words";
import styles from "./batches.module.css";
import { CancelDialog } from "./cancel-dialog";

export function BatchView({ batch }: { batch: BatchWhole }) {
  const [cancelling, setCancelling] = useState(false);
  const blocked = useBlocked("operate");
  const { label, icon, tone } = lookOf(batch);
  const currency = useQuery(currencyQuery).data ?? "";
  const why = batch.status === "ENDED" ? "All jobs of the batch have ended." : blocked;
  return (
    <div className={styles["page"]}>
      <BackLink to="/batches">Batches</BackLink>
      <PageHead
        title={
          <span className={styles["title"]}>
            {batch.name === null ? "Batch" : <VisibleText text={batch.name} />}{" "}
            <ToneBadge tone={tone} icon={icon}>
              {label}
            </ToneBadge>
          </span>
        }
        about={<code>{batch.id}</code>}
        action={
          <div className={styles["actions"]}>
            <Button
              component="a"
              href={resultsAddress(batch.id)}
              download
              variant="default"
              leftSection={<IconDownload size={16} aria-hidden />}
            >
              Download results
            </Button>
            <ActionButton
              label="Cancel…"
              icon={IconPlayerStop}
              danger
              blocked={batch.status === "CANCELLING" ? "The jobs of the batch are being cancelled." : why}
              onAct={() => setCancelling(true)}
            />
          </div>
        }
      />
      <Panel
        title="Progress"
        aside={
          <Link to="/" search={{ q: `batch:${batch.id}` }}>
            Jobs of this batch
          </Link>
        }
      >
        <BatchProgress batch={batch} />
        <dl className={styles["facts"]}>
          <Fact name="Submitted">
            <Age at={batch.createdAt} />
          </Fact>
          <Fact name="Duration">
            <Elapsed from={batch.createdAt} to={batch.endedAt} />
          </Fact>
          <Fact name="Lines">
            {number(batch.lines)}
            {batch.refused > 0 && `, ${number(batch.refused)} refused`}
          </Fact>
          <Fact name="Flows">{batch.flows.join(", ")}</Fact>
          {batch.costMicros !== null && (
            <Fact name="Cost">
              {aboutMoney(batch.costMicros)} {currency}
            </Fact>
          )}
          {batch.webhookUrl !== null && (
            <Fact name="Webhook">
              <code>
                <VisibleText text={batch.webhookUrl} />
              </code>
            </Fact>
          )}
          {batch.keptUntil !== null && (
            <Fact name="Deleted">
              <Age at={batch.keptUntil} />
            </Fact>
          )}
        </dl>
      </Panel>
      <Failed batch={batch} />
      {batch.refused > 0 && <Refused batch={batch} />}
      <CancelDialog opened={cancelling} batch={batch} onClose={() => setCancelling(false)} />
    </div>
  );
}

function Failed({ batch }: { batch: BatchWhole }) {
  const { failed } = batch.counts;
  const jobs =
    useQuery({ ...failedJobsQuery(batch.id, failed), placeholderData: (before) => before }).data ?? [];
  if (failed === 0) return null;
  return (
    <Panel
      title={`${number(failed)} failed`}
      flush
      aside={
        <a href={resultsAddress(batch.id, "errors")} download>
          Download errors
        </a>
      }
    >
      <Rows label="Failed jobs">
        {jobs.map((job) => (
          <li key={job.id} className={styles["fault"]}>
            <Link to="/jobs/$id" params={{ id: job.id }}>
              Line {number(job.batchLine ?? 0)}
            </Link>
            {job.customId !== null && (
              <span>
                <VisibleText text={job.customId} />
              </span>
            )}
            <span className={styles["message"]}>
              <code>{job.error?.code}</code> <VisibleText text={job.error?.message ?? ""} />
            </span>
          </li>
        ))}
      </Rows>
      {jobs.length < failed && jobs.length > 0 && (
        <p className={styles["rest"]}>
          The newest {number(jobs.length)} failed jobs are shown; the download has all.
        </p>
      )}
    </Panel>
  );
}

function Refused({ batch }: { batch: BatchWhole }) {
  return (
    <Panel title={`${number(batch.refused)} refused`} flush>
      <Rows label="Refused lines">
        {batch.errors.map((one) => (
          <li key={one.line} className={styles["fault"]}>
            <span>Line {number(one.line)}</span>
            {one.customId !== null && (
              <span>
                <VisibleText text={one.customId} />
              </span>
            )}
            <span className={styles["message"]}>
              {one.field !== "" && <code>{one.field}</code>} {one.message}
            </span>
          </li>
        ))}
      </Rows>
    </Panel>
  );
}
