import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Series } from "@/api/model";
import { jobsBehind } from "@/lib/jobs-behind";
import { aboutMoney } from "@/lib/money";
import { number, pace, percent, short, successOf } from "@/lib/numbers";
import styles from "./overview.module.css";
import { endedOf } from "./points";
import { duration } from "./words";

const MINUTE_MS = 60_000;

interface Props {
  series: Series;
  flow: string;
  /** Of the range that was counted, in ms. */
  countedMs: number;
}

/** The whole range in a few figures. */
export function Figures({ series, flow, countedMs }: Props) {
  const { total } = series;
  const ended = endedOf(total);
  const success = successOf(total);
  const tokens = total.tokens.prompt + total.tokens.completion;
  const which = { from: Date.parse(series.since), flow };
  return (
    <dl className={styles["figures"]}>
      <Figure name="Ended" note={pace(ended / (Math.max(countedMs, MINUTE_MS) / MINUTE_MS))}>
        <Link to="/" search={jobsBehind(which)}>
          {number(ended)}
        </Link>
      </Figure>
      <Figure name="Success" note="of completed and failed">
        {success === null ? "–" : percent(success)}
      </Figure>
      <Figure
        name="Failed"
        note={total.expired > 0 ? `${number(total.expired)} past their deadline` : "after all attempts"}
        bad={total.failed > 0}
      >
        {total.failed === 0 ? (
          "0"
        ) : (
          <Link to="/" search={jobsBehind(which, ["FAILED"])}>
            {number(total.failed)}
          </Link>
        )}
      </Figure>
      <Figure name="Longest wait" note="of a job that was due">
        {total.waitingAgeMs === null ? "–" : duration(total.waitingAgeMs)}
      </Figure>
      <Figure name="Duration, p95" note={p50(series)}>
        {total.durations.total === null ? "–" : duration(total.durations.total.p95)}
      </Figure>
      <Figure
        name="Tokens"
        note={
          total.costMicros > 0
            ? `for ${aboutMoney(total.costMicros)} ${series.currency}`
            : tokens === 0
              ? "none were reported"
              : `${short(total.tokens.completion)} in answers`
        }
      >
        {tokens === 0 ? "–" : short(tokens)}
      </Figure>
    </dl>
  );
}

function p50({ total }: Series): string {
  return total.durations.total === null ? "no job ended" : `p50 ${duration(total.durations.total.p50)}`;
}

interface FigureProps {
  name: string;
  note: string;
  bad?: boolean;
  children: ReactNode;
}

function Figure({ name, note, bad = false, children }: FigureProps) {
  return (
    <div data-bad={bad || undefined}>
      <dt>{name}</dt>
      <dd className={styles["value"]}>{children}</dd>
      <dd className={styles["note"]}>{note}</dd>
    </div>
  );
}
