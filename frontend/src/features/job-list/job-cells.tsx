import { IconRefresh } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { JobSummary } from "@/api/model";
import { Countdown, Elapsed } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import { VerdictBadge } from "@/components/verdict-badge";
import { isFinal } from "@/lib/status";
import { wordsForUntil } from "@/lib/waiting-words";
import styles from "./job-list.module.css";
import { previewOf, remarkOf, triesOf } from "./preview";

const TAGS_SHOWN = 2;

/** The prompt is the link, and the link covers the whole row. */
export function PromptCell({ job }: { job: JobSummary }) {
  const remark = remarkOf(job);
  const tries = triesOf(job);
  return (
    <div className={styles["prompt"]}>
      <div className={styles["promptLine"]}>
        <Link to="/jobs/$id" params={{ id: job.id }} className={styles["open"]}>
          {/* bdi: a right-to-left prompt must not reorder the rest of the row. */}
          <bdi>{previewOf(job.prompt)}</bdi>
        </Link>
        {tries !== null && (
          <ToneBadge tone="gray" icon={IconRefresh} outlined title="Attempt, and the maximum">
            {tries}
          </ToneBadge>
        )}
        {job.resultVerdict !== null && <VerdictBadge verdict={job.resultVerdict} />}
        {job.tags.length > 0 && <Tags tags={job.tags} />}
      </div>
      {remark !== null && (
        <div className={styles["remark"]} data-bad={job.status === "FAILED" || undefined}>
          <bdi>{previewOf(remark)}</bdi>
          {job.status === "PENDING" && job.waitingOn?.until != null && (
            <>
              {" · "}
              {wordsForUntil(job.waitingOn.kind).toLowerCase()} <Countdown until={job.waitingOn.until} />
            </>
          )}
        </div>
      )}
    </div>
  );
}

/** The first tags; the others are only counted. */
function Tags({ tags }: { tags: readonly string[] }) {
  const rest = tags.slice(TAGS_SHOWN);
  return (
    <>
      <span className={styles["tags"]}>
        {tags.slice(0, TAGS_SHOWN).map((tag) => (
          <ToneBadge key={tag} tone="gray" outlined title={tag}>
            <span className={styles["tag"]}>{tag}</span>
          </ToneBadge>
        ))}
      </span>
      {rest.length > 0 && (
        <span className={styles["moreTags"]} title={rest.join(", ")}>
          +{rest.length}
        </span>
      )}
    </>
  );
}

export function Duration({ job }: { job: JobSummary }) {
  if (isFinal(job.status)) return <Elapsed from={job.createdAt} to={job.finishedAt ?? job.updatedAt} />;
  // A scheduled job that waits for its start has no duration yet.
  if (job.status === "PENDING" && job.attempt === 0) return <span aria-hidden>–</span>;
  return <Elapsed from={job.createdAt} to={null} />;
}
