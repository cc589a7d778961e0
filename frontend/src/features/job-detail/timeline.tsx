import type { ReactNode } from "react";
import type { Job } from "@/api/model";
import { Panel } from "@/components/panel";
import { Elapsed } from "@/components/times";
import { wordsForMaxAttempts } from "@/lib/attempt-words";
import { isFinal } from "@/lib/status";
import { formatDuration } from "@/lib/time";
import { AttemptSection, PutBack } from "./attempt";
import { courseOf, type Item } from "./course";
import { EventLine } from "./event-line";
import { Folded } from "./folded";
import { isCut } from "./stages";
import { TimeAxis } from "./time-axis";
import styles from "./timeline.module.css";
import { wordsForEnd, wordsForWait } from "./wording";

/** What happened to the job, oldest first: its attempts, each with its events, and what came between. */
export function Timeline({ job }: { job: Job }) {
  const { history } = job;
  const newest = history.at(-1);
  const cut = isCut(history);
  return (
    <Panel
      title="Timeline"
      aside={
        !isFinal(job.status) && (
          <span className={styles["limit"]}>{wordsForMaxAttempts(job.maxAttempts)}</span>
        )
      }
    >
      <TimeAxis job={job} />
      <Folded
        className={styles["timeline"]}
        last={!isFinal(job.status) && newest !== undefined && <SinceThen at={newest.at} />}
      >
        {courseOf(job).map((item, index) => (
          <Entry key={keyOf(item, index)} job={job} item={item} cut={index === 0 && cut} />
        ))}
      </Folded>
    </Panel>
  );
}

/** Two equal events can have the same millisecond; the course only grows at its end. */
function keyOf(item: Item, index: number): string {
  return item.kind === "attempt" ? `attempt ${item.number}` : `${index}`;
}

function Entry({ job, item, cut }: { job: Job; item: Item; cut: boolean }): ReactNode {
  switch (item.kind) {
    case "event":
      return <EventLine told={item} cut={cut} />;
    case "wait":
      return (
        <li className={styles["event"]} data-tone="none">
          <div className={styles["line"]}>
            <span className={styles["now"]}>{wordsForWait(item)}</span>
            <span className={styles["clock"]}>{formatDuration(item.ms)}</span>
          </div>
        </li>
      );
    case "put-back":
      return (
        <li className={styles["attempt"]} data-tone="amber">
          <PutBack job={job} {...item} />
        </li>
      );
    case "attempt":
      return (
        <li
          className={styles["attempt"]}
          data-tone={item.attempt === undefined ? "gray" : wordsForEnd(item.attempt.end).tone}
        >
          <AttemptSection job={job} tried={item} />
        </li>
      );
  }
}

function SinceThen({ at }: { at: number }) {
  return (
    <li className={styles["event"]} data-tone="now">
      <div className={styles["line"]}>
        <span className={styles["now"]}>Since then</span>
        <span className={styles["clock"]}>
          <Elapsed from={at} to={null} />
        </span>
      </div>
    </li>
  );
}
