import type { ReactNode } from "react";
import { stringifyExact } from "@/api/exact-json";
import type { Job } from "@/api/model";
import { Panel } from "@/components/panel";
import { JsonView } from "@/components/result/json-view";
import { Facts } from "./facts";
import styles from "./job-detail.module.css";
import { JobHeader } from "./job-header";
import { PromptPanel } from "./prompt-panel";
import { ResultPanel } from "./result-panel";
import { StateOfThings } from "./state-of-things";
import { Timeline } from "./timeline";

interface Props {
  job: Job;
  /** Shown beside the way back to the list. */
  places?: ReactNode;
  /** Shown above everything else. */
  news?: ReactNode;
  /** Shown below the result. */
  callbacks?: ReactNode;
}

export function JobDetail({ job, places, news, callbacks }: Props) {
  // What was tried is what one looks for in a job that has no result.
  const triedMatters = job.result === null && job.attempts.length > 0;
  return (
    <article className={styles["job"]}>
      <JobHeader job={job} places={places} />
      {news}
      <StateOfThings job={job} />
      <div className={styles["columns"]}>
        <div className={styles["main"]}>
          <PromptPanel prompt={job.prompt} />
          <ResultPanel job={job} />
          {triedMatters && <Timeline job={job} />}
          {callbacks}
          {job.resultSchema !== null && <JsonPanel title="Result schema" value={job.resultSchema} />}
          {Object.keys(job.metadata).length > 0 && <JsonPanel title="Metadata" value={job.metadata} />}
        </div>
        <div className={styles["side"]}>
          <Facts job={job} />
          {!triedMatters && <Timeline job={job} />}
        </div>
      </div>
    </article>
  );
}

function JsonPanel({ title, value }: { title: string; value: unknown }) {
  return (
    <Panel title={title} flush>
      <JsonView text={stringifyExact(value) ?? "null"} label={`${title}, formatted`} />
    </Panel>
  );
}
