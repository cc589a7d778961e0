import { IconClockExclamation, IconFileBroken } from "@tabler/icons-react";
import type { Job, KeptCallback } from "@/api/model";
import { Callout } from "@/components/callout";
import { AcceptButton } from "./accept-button";
import styles from "./callbacks.module.css";
import { JOB_CALLBACKS } from "./job-callbacks";
import { howItEnded, isAcceptable, isUnread } from "./words";

/** What a person may do about a job: its result came after all, or came in a form that nobody could read. */
export function LateResults({ job, callbacks }: { job: Job; callbacks: readonly KeptCallback[] }) {
  const late = callbacks.filter((one) => one.verdict === "late" && isAcceptable(one, job));
  const newest = late[0];
  const unread = callbacks.find((one) => isUnread(one) && isAcceptable(one, job));
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
      {newest === undefined && unread !== undefined && (
        <Callout icon={IconFileBroken} tone="warn" testId="unread-callback">
          <div className={styles["late"]}>
            <p>
              <strong>A callback came that could not be read</strong>
              {unread.attempt !== null && `, for attempt ${unread.attempt}`}. What came is kept, and can be
              accepted as the job's result: <a href={`#${JOB_CALLBACKS}`}>see what came and why</a>.
            </p>
            <AcceptButton job={job} callback={unread} />
          </div>
        </Callout>
      )}
    </div>
  );
}
