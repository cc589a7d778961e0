import { IconFileText } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { stringifyExact } from "@/api/exact-json";
import type { Job } from "@/api/model";
import { Panel } from "@/components/panel";
import { JsonView } from "@/components/result/json-view";
import { ResultViewer } from "@/components/result/result-viewer";
import { isFinal } from "@/lib/status";
import { Attempts, partialAnchor } from "./attempts";
import { Facts } from "./facts";
import styles from "./job-detail.module.css";
import { JobHeader } from "./job-header";
import { PromptPanel } from "./prompt-panel";
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
  return (
    <article className={styles["job"]}>
      <JobHeader job={job} places={places} />
      {news}
      <StateOfThings job={job} />
      <div className={styles["columns"]}>
        <div className={styles["main"]}>
          <PromptPanel prompt={job.prompt} />
          <Panel title="Result" flush>
            {job.result === null ? (
              <NoResult job={job} />
            ) : (
              <ResultViewer result={job.result} verdict={job.resultVerdict} name={`job-${job.id}-result`} />
            )}
          </Panel>
          {callbacks}
          {job.resultSchema !== null && <JsonPanel title="Result schema" value={job.resultSchema} />}
          {Object.keys(job.metadata).length > 0 && <JsonPanel title="Metadata" value={job.metadata} />}
        </div>
        <div className={styles["side"]}>
          <Facts job={job} />
          <Timeline job={job} />
          <Attempts job={job} />
        </div>
      </div>
    </article>
  );
}

function NoResult({ job }: { job: Job }) {
  // The partial answer is in the narrow column, far from where a reader looks for the result.
  const kept = job.attempts.findLast(({ partial }) => partial !== null);
  return (
    <p className={styles["noResult"]}>
      <IconFileText size={18} aria-hidden />
      <span>
        {isFinal(job.status) ? "There is no result." : "No result yet. It will appear here."}
        {kept !== undefined && (
          <>
            {" "}
            <a href={`#${partialAnchor(kept)}`}>The partial answer of attempt {kept.number}</a> is kept.
          </>
        )}
      </span>
    </p>
  );
}

function JsonPanel({ title, value }: { title: string; value: unknown }) {
  return (
    <Panel title={title} flush>
      <JsonView text={stringifyExact(value) ?? "null"} label={`${title}, formatted`} />
    </Panel>
  );
}
