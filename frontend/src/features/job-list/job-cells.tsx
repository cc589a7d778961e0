import { IconRefresh } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { JobSummary } from "@/api/model";
import { Countdown, Elapsed } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import { VerdictBadge } from "@/components/verdict-badge";
import { isFinal } from "@/lib/status";
import styles from "./job-list.module.css";
import { previewOf, remarkOf, triesOf } from "./preview";

/** The prompt is the link, and the link covers the whole row. */
export function PromptCell({ job }: { job: JobSummary }) {
  const remark = remarkOf(job);
  const tries = triesOf(job);
  return (
    <div className={styles["prompt"]}>
      <div className={styles["promptLine"]}>
        <Link to="/jobs/$id" params={{ id: job.id }} className={styles["open"]}>
          {/* bdi: a prompt in another direction of writing must not turn the rest of the row around. */}
          <bdi>{previewOf(job.prompt)}</bdi>
        </Link>
        {tries !== null && (
          <ToneBadge tone="gray" icon={IconRefresh} outlined title="Attempts, and how many there may be">
            {tries}
          </ToneBadge>
        )}
        {job.resultVerdict !== null && <VerdictBadge kind={job.resultVerdict.kind} />}
        {job.tags.slice(0, 3).map((tag) => (
          <ToneBadge key={tag} tone="gray" outlined>
            {tag}
          </ToneBadge>
        ))}
      </div>
      {remark !== null && (
        <div className={styles["remark"]} data-bad={job.status === "FAILED" || undefined}>
          <bdi>{previewOf(remark)}</bdi>
          {job.status === "PENDING" && job.waitingOn?.until != null && (
            <>
              {" · "}
              <Countdown until={job.waitingOn.until} />
            </>
          )}
        </div>
      )}
    </div>
  );
}

export function Duration({ job }: { job: JobSummary }) {
  if (isFinal(job.status)) return <Elapsed from={job.createdAt} to={job.finishedAt ?? job.updatedAt} />;
  // Waiting for its time is not taking long.
  if (job.status === "PENDING" && job.attempt === 0) return <span aria-hidden>–</span>;
  return <Elapsed from={job.createdAt} to={null} />;
}
