import { IconRefresh } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Row } from "@/api/job-rows";
import type { JobSummary, Snippet } from "@/api/model";
import { ErrorChip } from "@/components/error-chip";
import { VisibleText } from "@/components/result/visible-text";
import { TagChip } from "@/components/tag-chip";
import { Countdown } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import { VerdictBadge } from "@/components/verdict-badge";
import { statusLabel } from "@/lib/status";
import { wordsForUntil } from "@/lib/waiting-words";
import { foundIn } from "./found";
import styles from "./job-list.module.css";
import { answerOf, previewOf, remarkOf, triesOf } from "./preview";

const TAGS_SHOWN = 2;

interface LinkProps {
  job: Row;
  isTabStop: boolean;
  onChoose: (id: string) => void;
}

/** The prompt with its marks, and a second line that every row has, so that all have one height. */
export function PromptCell({ job, isTabStop, onChoose }: LinkProps) {
  return (
    <div className={styles["prompt"]}>
      <div className={styles["promptLine"]}>
        <PromptLink job={job} isTabStop={isTabStop} onChoose={onChoose} />
        <Marks job={job} isTabStop={isTabStop} />
      </div>
      <Remark job={job} code={<Code job={job} isTabStop={isTabStop} />} />
    </div>
  );
}

/** The prompt is the link, and the link covers the whole row. */
export function PromptLink({ job, isTabStop, onChoose }: LinkProps) {
  const found = foundIn(job).prompt;
  return (
    <Link
      to="/jobs/$id"
      params={{ id: job.id }}
      className={styles["open"]}
      tabIndex={isTabStop ? 0 : -1}
      aria-description={job.gone ? "Deleted" : statusLabel(job.status)}
      onFocus={() => onChoose(job.id)}
    >
      {found === null ? <OneLine text={job.prompt} /> : <Pieces of={found} />}
    </Link>
  );
}

/** bdi: a right-to-left text must not reorder the rest of the row. */
function OneLine({ text }: { text: string }) {
  return (
    <bdi>
      <VisibleText text={previewOf(text)} />
    </bdi>
  );
}

export function Marks({ job, isTabStop }: { job: JobSummary; isTabStop: boolean }) {
  const tries = triesOf(job);
  return (
    <>
      {tries !== null && (
        <ToneBadge tone="gray" icon={IconRefresh} outlined title="Attempt, and the maximum">
          {tries}
        </ToneBadge>
      )}
      {job.resultVerdict !== null && <VerdictBadge verdict={job.resultVerdict} />}
      {job.tags.length > 0 && <Tags tags={job.tags} isTabStop={isTabStop} />}
    </>
  );
}

/** The code of a failed job's error. */
export function Code({ job, isTabStop }: { job: Row; isTabStop: boolean }) {
  if (job.status !== "FAILED" || job.error === null || job.gone) return null;
  return <ErrorChip code={job.error.code} isTabStop={isTabStop} />;
}

/** The line below the prompt: the beginning of the result, what went wrong, or what the job waits for. */
export function Remark({ job, code = null }: { job: Row; code?: ReactNode }) {
  return (
    <div className={styles["remark"]} data-bad={(job.status === "FAILED" && !job.gone) || undefined}>
      {code}
      <RemarkWords job={job} />
    </div>
  );
}

function RemarkWords({ job }: { job: Row }) {
  if (job.gone) return <em>Deleted</em>;
  const { below } = foundIn(job);
  if (below !== null) {
    return (
      <>
        <em>{below.field}: </em>
        <Pieces of={below} />
      </>
    );
  }
  const answer = answerOf(job);
  if (answer !== null) return answer.words ? <em>{answer.text}</em> : <OneLine text={answer.text} />;
  const remark = remarkOf(job);
  if (remark === null) return null;
  return (
    <>
      <OneLine text={remark} />
      {job.status === "PENDING" && job.waitingOn?.until != null && (
        <>
          {" · "}
          {wordsForUntil(job.waitingOn.kind).toLowerCase()} <Countdown until={job.waitingOn.until} />
        </>
      )}
    </>
  );
}

/** Where the words of the search stand. */
function Pieces({ of }: { of: Snippet }) {
  return (
    <bdi>
      {of.pieces.map((piece, index) => (
        // The pieces of a snippet never change their places.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <Piece key={index} text={piece.text} found={piece.found} />
      ))}
    </bdi>
  );
}

function Piece({ text, found }: { text: string; found: boolean }) {
  const shown = <VisibleText text={text.replace(/\s+/g, " ")} />;
  return found ? <mark>{shown}</mark> : shown;
}

/** The first tags; the others are only counted. */
function Tags({ tags, isTabStop }: { tags: readonly string[]; isTabStop: boolean }) {
  const rest = tags.slice(TAGS_SHOWN);
  return (
    <>
      <span className={styles["tags"]}>
        {tags.slice(0, TAGS_SHOWN).map((tag) => (
          <TagChip key={tag} tag={tag} isTabStop={isTabStop} />
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
