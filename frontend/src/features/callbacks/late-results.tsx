import { IconClockExclamation, IconFileBroken } from "@tabler/icons-react";
import type { Job, KeptCallback } from "@/api/model";
import { Callout } from "@/components/callout";
import { AcceptButton } from "./accept-button";
import styles from "./callbacks.module.css";
import { JOB_CALLBACKS } from "./job-callbacks";
import { howItEnded, isAcceptable } from "./words";

/** Offers to accept a late result, or the body of an unreadable callback. */
export function LateResults({ job, callbacks }: { job: Job; callbacks: readonly KeptCallback[] }) {
  const late = callbacks.filter((one) => one.verdict === "late" && isAcceptable(one, job));
  const newest = late[0];
  const unread = callbacks.find((one) => one.verdict === "unreadable" && isAcceptable(one, job));
  // The live region is always mounted, so that screen readers announce what appears in it: once, so nothing in it
  // may tick.
  return (
    <div role="status" className={styles["news"]}>
      {newest !== undefined && (
        <Callout icon={IconClockExclamation} tone="news" testId="late-result">
          <div className={styles["late"]}>
            {late.length === 1 ? (
              <>
                <p>
                  <strong>A result came after {howItEnded(newest, job)}</strong>
                  {newest.attempt !== null && `, from attempt ${newest.attempt}`}. It is kept, and you can
                  accept it as the job's result.
                </p>
                <AcceptButton job={job} callback={newest} />
              </>
            ) : (
              <p>
                <strong>
                  {late.length} results came after {howItEnded(newest, job)}
                </strong>
                . They are kept, and you can accept one as the job's result:{" "}
                <a href={`#${JOB_CALLBACKS}`}>choose one below</a>.
              </p>
            )}
          </div>
        </Callout>
      )}
      {newest === undefined && unread !== undefined && (
        <Callout icon={IconFileBroken} tone="warn" testId="unread-callback">
          <div className={styles["late"]}>
            <p>
              <strong>A callback could not be read</strong>
              {unread.attempt !== null && `, for attempt ${unread.attempt}`}. Its body is kept, and you can
              accept it as the job's result: <a href={`#${JOB_CALLBACKS}`}>see the body and the reason</a>.
            </p>
            <AcceptButton job={job} callback={unread} />
          </div>
        </Callout>
      )}
    </div>
  );
}
