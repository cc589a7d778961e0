import { Link } from "@tanstack/react-router";
import type { Flow, SeriesFlow } from "@/api/model";
import { ErrorChip } from "@/components/error-chip";
import { Countdown } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import { flowAnchor } from "@/lib/focus";
import { failuresBehind } from "@/lib/jobs-behind";
import { aboutMoney } from "@/lib/money";
import { number, percent, rate, short, successOf } from "@/lib/numbers";
import { formatDuration } from "@/lib/time";
import styles from "./flows.module.css";
import { wordsForFlow } from "./lane-words";

/** What happened to the jobs of each flow, by its name; not yet known where it is absent. */
export interface Lately {
  readonly hour: ReadonlyMap<string, SeriesFlow> | null;
  /** How many minutes of it were counted. */
  readonly hourMinutes: number;
  readonly day: ReadonlyMap<string, SeriesFlow> | null;
  /** When the day began, in ms. */
  readonly dayFrom: number;
}

interface Props {
  flows: readonly Flow[];
  lately: Lately;
}

/** A line for each flow: whether it works, what waits, and how it did. Its name opens its details. */
export function FlowsTable({ flows, lately }: Props) {
  return (
    <div role="group" className={styles["scroll"]} tabIndex={0} aria-label="Flows">
      <table className={styles["flows"]}>
        <caption className="visually-hidden">Flows; those in trouble first</caption>
        <thead>
          <tr>
            <th scope="col">Flow</th>
            <th scope="col">State</th>
            <th scope="col" className={styles["number"]}>
              Waiting
            </th>
            <th scope="col" className={styles["number"]}>
              In flight
            </th>
            <th scope="col" className={styles["more"]}>
              Longest wait<span className={styles["unit"]}> 1 h</span>
            </th>
            <th scope="col" className={styles["more"]}>
              Ended / min<span className={styles["unit"]}> 1 h</span>
            </th>
            <th scope="col" className={styles["number"]}>
              Success<span className={styles["unit"]}> 24 h</span>
            </th>
            <th scope="col" className={styles["more"]}>
              p95<span className={styles["unit"]}> 24 h</span>
            </th>
            <th scope="col" className={styles["more"]}>
              Tokens<span className={styles["unit"]}> today, UTC</span>
            </th>
            <th scope="col" className={styles["error"]}>
              Most common error<span className={styles["unit"]}> 24 h</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {flows.map((flow) => (
            <Line key={flow.name} flow={flow} lately={lately} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Line({ flow, lately: { hour, hourMinutes, day, dayFrom } }: { flow: Flow; lately: Lately }) {
  const { name, lane, byStatus, concurrency } = flow;
  const { title, tone } = wordsForFlow(flow);
  const waiting = byStatus["PENDING"] ?? 0;
  const inHour = hour?.get(name);
  const inDay = day?.get(name);
  const success = inDay === undefined ? null : successOf(inDay);
  const { tokensToday, costTodayMicros, currency } = flow.spending;
  const tokens = tokensToday === null ? 0 : tokensToday.prompt + tokensToday.completion;
  // The server has the commonest first.
  const code = Object.keys(inDay?.failedByCode ?? {})[0];
  return (
    <tr data-trouble={lane.state === "open" ? undefined : tone}>
      <th scope="row">
        <Link to="/flows" hash={flowAnchor(name)} id={flowAnchor(name)} resetScroll={false}>
          {name}
        </Link>
        <span className={styles["kind"]}>{flow.processor}</span>
      </th>
      <td className={styles["state"]}>
        <ToneBadge tone={tone}>{title}</ToneBadge>
        {lane.until !== null && (
          <span className={styles["kind"]}>
            <Countdown until={lane.until} />
          </span>
        )}
      </td>
      <td className={styles["number"]}>
        {waiting === 0 ? (
          "0"
        ) : (
          <Link to="/" search={{ flow: name, status: ["PENDING"] }}>
            {number(waiting)}
          </Link>
        )}
        <span className={styles["word"]}> waiting</span>
      </td>
      <td className={styles["number"]}>
        {number(flow.inFlight)}
        {concurrency !== null && <span className={styles["unit"]}> of {number(concurrency)}</span>}
        <span className={styles["word"]}> in flight</span>
      </td>
      <td className={styles["more"]}>
        {inHour?.waitingAgeMs == null ? "–" : formatDuration(inHour.waitingAgeMs)}
      </td>
      <td className={styles["more"]}>
        {hour === null ? "–" : rate(inHour === undefined ? 0 : ended(inHour) / hourMinutes)}
      </td>
      <td className={styles["number"]} data-none={success === null || undefined}>
        {success === null ? "–" : percent(success)}
        <span className={styles["word"]}> success</span>
      </td>
      <td className={styles["more"]}>
        {inDay?.durations.total == null ? "–" : formatDuration(inDay.durations.total.p95)}
      </td>
      <td className={styles["more"]}>
        {tokens === 0 ? "–" : short(tokens)}
        {costTodayMicros !== null && costTodayMicros > 0 && (
          <span className={styles["kind"]}>
            {aboutMoney(costTodayMicros)} {currency}
          </span>
        )}
      </td>
      <td className={styles["error"]}>
        {code === undefined ? (
          "–"
        ) : (
          <ErrorChip code={code} search={failuresBehind({ from: dayFrom, flow: name }, code)} />
        )}
      </td>
    </tr>
  );
}

function ended({ completed, failed, cancelled }: SeriesFlow): number {
  return completed + failed + cancelled;
}
