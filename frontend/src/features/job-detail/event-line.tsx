import { VisibleText } from "@/components/result/visible-text";
import { formatClock, formatDuration, formatExact, toIso } from "@/lib/time";
import type { Told } from "./course";
import styles from "./timeline.module.css";
import { wordsForEvent } from "./wording";

interface Props {
  told: Told;
  /** Its detail is told already. */
  known?: boolean;
  /** The server no longer keeps what came next. */
  cut?: boolean;
}

/** What happened, and how long after what came before. */
export function EventLine({ told: { event, before }, known = false, cut = false }: Props) {
  const { title, tone } = wordsForEvent(event);
  return (
    <li className={styles["event"]} data-tone={tone}>
      <div className={styles["line"]}>
        <span>
          {title}
          {event.what === "asked" && ` at ${formatClock(event.at)}`}
        </span>
        <time dateTime={toIso(event.at)} title={formatExact(event.at)} className={styles["clock"]}>
          {before === undefined ? formatClock(event.at) : `+ ${formatDuration(event.at - before.at)}`}
        </time>
      </div>
      {event.detail !== null && !known && (
        <p className={styles["detail"]}>
          <VisibleText text={event.detail} />
        </p>
      )}
      {cut && <p className={styles["detail"]}>The entries after this one are no longer kept.</p>}
    </li>
  );
}
