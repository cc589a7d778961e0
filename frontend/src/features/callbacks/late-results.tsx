import { IconClockExclamation } from "@tabler/icons-react";
import type { Job, KeptCallback } from "@/api/model";
import { Callout } from "@/components/callout";
import { AcceptButton } from "./accept-button";
import styles from "./callbacks.module.css";
import { JOB_CALLBACKS } from "./job-callbacks";
import { howItEnded, isAcceptable } from "./words";

/** The good news on a failed or cancelled job: its result came after all. */
export function LateResults({ job, callbacks }: { job: Job; callbacks: readonly KeptCallback[] }) {
  const late = callbacks.filter((one) => one.verdict === "late" && isAcceptable(one, job));
  const newest = late[0];
  // The place is always there, so that what appears in it is read out: once, so nothing in it ticks.
  return (
    <div role="status" className={styles["news"]}>
      {newest !== undefined && (
        <Callout icon={IconClockExclamation} tone="news" testId="late-result">
          <div className={styles["late"]}>
            {late.length === 1 ? (
              <>
                <p>
                  <strong>A result came after {howItEnded(newest, job)}</strong>
                  {newest.attempt !== null && `, from attempt ${newest.attempt}`}. It was kept, and can still
                  become the job's result.
                </p>
                <AcceptButton job={job} callback={newest} />
              </>
            ) : (
              <p>
                <strong>
                  {late.length} results came after {howItEnded(newest, job)}
                </strong>
                . They were kept, and one can still become the job's result:{" "}
                <a href={`#${JOB_CALLBACKS}`}>choose one below</a>.
              </p>
            )}
          </div>
        </Callout>
      )}
    </div>
  );
}
