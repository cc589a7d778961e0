import { IconFileText } from "@tabler/icons-react";
import type { Job } from "@/api/model";
import { Panel } from "@/components/panel";
import { ResultViewer } from "@/components/result/result-viewer";
import { isFinal } from "@/lib/status";
import { partialAnchor, RESULT } from "./anchors";
import styles from "./job-detail.module.css";

export function ResultPanel({ job }: { job: Job }) {
  return (
    <Panel id={RESULT} title="Result" flush>
      {job.result === null ? (
        <NoResult job={job} />
      ) : (
        <ResultViewer result={job.result} verdict={job.resultVerdict} name={`job-${job.id}-result`} />
      )}
    </Panel>
  );
}

function NoResult({ job }: { job: Job }) {
  // The partial answer is in the timeline, far from where a reader looks for the result.
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
