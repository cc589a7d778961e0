import { IconAlertCircle, IconHourglassEmpty } from "@tabler/icons-react";
import type { Job } from "@/api/model";
import { Callout } from "@/components/callout";
import { VisibleText } from "@/components/result/visible-text";
import { Countdown } from "@/components/times";
import styles from "./job-detail.module.css";
import { wordsForUntil } from "./until-words";

/** What the job waits for, how far it is, or what went wrong: in words, before anything else. */
export function StateOfThings({ job }: { job: Job }) {
  return (
    <>
      {job.waitingOn !== null && (
        <Callout icon={IconHourglassEmpty} tone="wait" testId="waiting-on">
          <p>
            <VisibleText text={job.waitingOn.detail} />
            {job.waitingOn.until !== null && (
              <span className={styles["until"]}>
                {" "}
                {wordsForUntil(job.waitingOn.kind)} <Countdown until={job.waitingOn.until} />.
              </span>
            )}
          </p>
          {job.progress !== null && (
            <p className={styles["progress"]} role="status" aria-label="Progress">
              <VisibleText text={job.progress} />
            </p>
          )}
        </Callout>
      )}
      {job.error !== null && (
        <Callout icon={IconAlertCircle} tone={job.status === "FAILED" ? "bad" : "warn"} testId="job-error">
          <p>
            {job.status === "FAILED" ? "" : "The last attempt failed: "}
            <VisibleText text={job.error.message} />
          </p>
          <code className={styles["code"]}>{job.error.code}</code>
        </Callout>
      )}
    </>
  );
}
