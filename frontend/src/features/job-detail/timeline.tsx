import type { Job } from "@/api/model";
import { Panel } from "@/components/panel";
import { VisibleText } from "@/components/result/visible-text";
import { Elapsed } from "@/components/times";
import { isFinal } from "@/lib/status";
import { formatClock, formatDuration, formatExact, toIso } from "@/lib/time";
import { isCut, type Line, linesOf } from "./fold";
import { PhaseBar } from "./phase-bar";
import styles from "./timeline.module.css";
import { wordsForEvent } from "./wording";

/** The history, oldest first, with the time between entries. */
export function Timeline({ job }: { job: Job }) {
  const { history } = job;
  const last = history.at(-1);
  const cut = isCut(history);
  return (
    <Panel title="Timeline">
      <PhaseBar job={job} />
      <ol className={styles["timeline"]}>
        {linesOf(history).map((line, index) => (
          // Two equal events can have the same millisecond, so there is no better key.
          // biome-ignore lint/suspicious/noArrayIndexKey: history only grows at its end
          <Row key={index} line={line} cut={index === 0 && cut} />
        ))}
        {!isFinal(job.status) && last !== undefined && (
          <li className={styles["event"]} data-tone="now">
            <div className={styles["line"]}>
              <span className={styles["now"]}>Since then</span>
              <span className={styles["clock"]}>
                <Elapsed from={last.at} to={null} />
              </span>
            </div>
          </li>
        )}
      </ol>
    </Panel>
  );
}

function Row({ line, cut }: { line: Line; cut: boolean }) {
  const event = "event" in line ? line.event : line.last;
  const { title, tone } = wordsForEvent(event);
  const { before } = line;
  return (
    <li className={styles["event"]} data-tone={tone}>
      <div className={styles["line"]}>
        <span>
          {"times" in line ? `Put back ${line.times} times, not counted as attempts` : title}
          {event.attempt !== null && event.what === "started" && ` (${event.attempt})`}
          {event.what === "asked" && ` at ${formatClock(event.at)}`}
        </span>
        <time dateTime={toIso(event.at)} title={formatExact(event.at)} className={styles["clock"]}>
          {before === undefined ? formatClock(event.at) : `+ ${formatDuration(event.at - before.at)}`}
        </time>
      </div>
      {event.detail !== null && event.what !== "started" && (
        <p className={styles["detail"]}>
          <VisibleText text={event.detail} />
        </p>
      )}
      {cut && <p className={styles["detail"]}>The entries after this one are no longer kept.</p>}
      {"times" in line && (
        <p className={styles["detail"]}>
          {formatClock(line.first.at)} to {formatClock(line.last.at)}
        </p>
      )}
    </li>
  );
}
