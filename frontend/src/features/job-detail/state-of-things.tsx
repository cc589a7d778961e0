import { IconAlertCircle, IconBan, IconHourglassEmpty } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { workersQuery } from "@/api/flows";
import type { Job } from "@/api/model";
import { Callout } from "@/components/callout";
import { ErrorChip } from "@/components/error-chip";
import { VisibleText } from "@/components/result/visible-text";
import { Age, Countdown } from "@/components/times";
import { flowAnchor } from "@/lib/focus";
import { toneOfWait, troubleOf, wordsForUntil } from "@/lib/waiting-words";
import { flowLinkFor, lacksWorker } from "./flow-link";
import styles from "./job-detail.module.css";
import { PlaceInQueue } from "./place-in-queue";

/** What the job waits for, its progress, why it was cancelled, or its error. */
export function StateOfThings({ job }: { job: Job }) {
  return (
    <>
      {job.status === "CANCELLED" && <WhyCancelled job={job} />}
      {job.waitingOn !== null && <Waiting job={job} waiting={job.waitingOn} />}
      {job.error !== null && (
        <Callout icon={IconAlertCircle} tone={job.status === "FAILED" ? "bad" : "warn"} testId="job-error">
          <p>
            {job.status === "FAILED" ? "" : "The last attempt failed: "}
            <VisibleText text={job.error.message} />
          </p>
          <ErrorChip code={job.error.code} />
        </Callout>
      )}
    </>
  );
}

/** Why and when; below, it is an entry of the timeline. */
function WhyCancelled({ job }: { job: Job }) {
  const cancel = job.history.findLast(({ what }) => what === "cancelled");
  if (cancel === undefined) return null;
  return (
    <Callout icon={IconBan} tone="ended" testId="why-cancelled">
      <p>
        Cancelled <Age at={cancel.at} />
        {cancel.detail === null ? (
          ", without a reason."
        ) : (
          <>
            {": "}
            <VisibleText text={cancel.detail} />
          </>
        )}
      </p>
    </Callout>
  );
}

function Waiting({ job, waiting }: { job: Job; waiting: NonNullable<Job["waitingOn"]> }) {
  const workers = useQuery({ ...workersQuery, enabled: waiting.kind === "worker" }).data;
  const trouble = troubleOf(waiting.kind);
  const link = flowLinkFor(waiting.kind);
  return (
    <Callout icon={IconHourglassEmpty} tone={toneOfWait(waiting.kind)} testId="waiting-on">
      <p>
        {lacksWorker(waiting, job.flow, workers) ? (
          <>
            No worker is running for this flow. Start one with <code>job-processor worker</code>.
          </>
        ) : trouble === null ? (
          <VisibleText text={waiting.detail} />
        ) : (
          `${trouble} No attempt is counted meanwhile.`
        )}
        {waiting.until !== null && (
          <span className={styles["until"]}>
            {" "}
            {wordsForUntil(waiting.kind)} <Countdown until={waiting.until} />.
          </span>
        )}
        {job.status === "PENDING" && <PlaceInQueue id={job.id} />}
        {link !== null && (
          <>
            {" "}
            <Link to="/flows" hash={flowAnchor(job.flow)} className={styles["inCallout"]}>
              {link}
            </Link>
          </>
        )}
      </p>
      {trouble !== null && (
        <p className={styles["code"]}>
          <VisibleText text={waiting.detail} />
        </p>
      )}
      {job.progress !== null && job.status !== "PENDING" && (
        <p className={styles["progress"]} role="status" aria-label="Progress">
          <VisibleText text={job.progress} />
        </p>
      )}
    </Callout>
  );
}
