import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { countQuery } from "@/api/finding";
import { currencyQuery } from "@/api/flows";
import type { Job } from "@/api/model";
import { Duration } from "@/components/duration";
import { Panel } from "@/components/panel";
import { VisibleText } from "@/components/result/visible-text";
import { TagChip } from "@/components/tag-chip";
import { Age, Countdown } from "@/components/times";
import { flowAnchor } from "@/lib/focus";
import { money } from "@/lib/money";
import { isFinal } from "@/lib/status";
import styles from "./facts.module.css";

export function Facts({ job }: { job: Job }) {
  const currency = useQuery(currencyQuery).data ?? "";
  const rows: [string, ReactNode][] = [
    ["Flow", <ToFlow key="flow" name={job.flow} />],
    ...answeredBy(job),
    ["Created", <Age key="created" at={job.createdAt} />],
    ["Duration", <Duration key="duration" job={job} />],
    ["Attempts", `${job.attempt} made, ${job.failures} of ${job.maxAttempts} failed`],
  ];
  if (job.costMicros !== null) rows.push(["Cost", `${money(job.costMicros)} ${currency}`]);
  // Other reasons for waiting are shown above, with their own time.
  if (job.waitingOn?.kind === "schedule" || job.waitingOn?.kind === "retry") {
    rows.push(["Starts", <Countdown key="starts" until={job.runAt} />]);
  }
  if (job.deadline !== null && !isFinal(job.status)) {
    rows.push(["Deadline", <Countdown key="deadline" until={job.deadline} />]);
  }
  if (job.priority !== 0) rows.push(["Priority", job.priority]);
  if (job.key !== null) rows.push(["Key", <OfKey key="key" name={job.key} />]);
  if (job.batchId !== null) rows.push(["Batch", <InBatch key="batch" job={job} id={job.batchId} />]);
  const replays = useReplays(job.id);
  if (replays !== null) rows.push(["Replays", replays]);
  if (job.tags.length > 0) rows.push(["Tags", <Tags key="tags" tags={job.tags} />]);
  return (
    <Panel title="Facts">
      <dl className={styles["facts"]}>
        {rows.map(([name, value]) => (
          <div key={name} className={styles["fact"]}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

function ToFlow({ name }: { name: string }) {
  return (
    <Link to="/flows" hash={flowAnchor(name)}>
      {name}
    </Link>
  );
}

/** The jobs that were made from this one; null: there are none, or they are not known yet. */
function useReplays(id: string): ReactNode {
  const q = `replay-of:${id}`;
  const found = useQuery({
    ...countQuery({ status: [], flow: "", tag: "", q }),
    refetchInterval: false,
  }).data;
  if (found === undefined || found.count === 0) return null;
  return (
    <Link to="/" search={{ q }} title="All replays of this job">
      {found.count.toLocaleString("en")}
    </Link>
  );
}

/** The other flow that has the attempt, or gave the result, if the job fell back to one. */
function answeredBy(job: Job): [string, ReactNode][] {
  if (job.answeredBy !== null) return [["Answered by", <ToFlow key="answered" name={job.answeredBy} />]];
  const flow = isFinal(job.status) || job.status === "PENDING" ? null : (job.attempts.at(-1)?.flow ?? null);
  return flow === null ? [] : [["Fell back to", <ToFlow key="fell" name={flow} />]];
}

/** Whose job it is; the link leads to all jobs of this key. */
function OfKey({ name }: { name: string }) {
  return (
    <Link to="/" search={{ q: `key:${quoted(name)}` }} title="All jobs of this key">
      <VisibleText text={name} />
    </Link>
  );
}

function quoted(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Its place in the batch it was submitted with. */
function InBatch({ job, id }: { job: Job; id: string }) {
  return (
    <>
      <Link to="/batches/$id" params={{ id }}>
        Line {(job.batchLine ?? 0).toLocaleString("en")}
      </Link>
      {job.customId !== null && (
        <>
          {", "}
          <VisibleText text={job.customId} />
        </>
      )}
    </>
  );
}

function Tags({ tags }: { tags: readonly string[] }) {
  return (
    <span className={styles["tags"]}>
      {tags.map((tag) => (
        <TagChip key={tag} tag={tag} search={{ tag }} />
      ))}
    </span>
  );
}
