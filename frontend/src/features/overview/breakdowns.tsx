import { Link } from "@tanstack/react-router";
import type { Series } from "@/api/model";
import { ErrorChip } from "@/components/error-chip";
import { Panel } from "@/components/panel";
import { failuresBehind, jobsBehind } from "@/lib/jobs-behind";
import { aboutMoney } from "@/lib/money";
import { number, percent, short, successOf } from "@/lib/numbers";
import styles from "./overview.module.css";
import { endedOf } from "./points";
import type { OverviewSearch } from "./search";
import { duration } from "./words";

/** More are in the list's own groups of failures. */
const MOST_CODES = 8;

interface Props {
  series: Series;
  search: OverviewSearch;
}

/** Why jobs failed: each error with its share. */
export function Errors({ series, search }: Props) {
  const codes = Object.entries(series.total.failedByCode);
  const most = Math.max(1, ...codes.map(([, count]) => count));
  const which = { from: Date.parse(series.since), flow: search.flow ?? "" };
  return (
    <Panel title="Failures by error">
      {codes.length === 0 ? (
        <p className={styles["nothing"]}>No job failed.</p>
      ) : (
        <ul className={styles["codes"]}>
          {codes.slice(0, MOST_CODES).map(([code, count]) => (
            <li key={code}>
              <span className={styles["code"]}>
                <ErrorChip code={code} search={failuresBehind(which, code)} />
              </span>
              <span className={styles["track"]} aria-hidden>
                <span style={{ width: `${(100 * count) / most}%` }} />
              </span>
              <span className={styles["count"]}>{number(count)}</span>
            </li>
          ))}
          {codes.length > MOST_CODES && (
            <li>
              <Link to="/" search={jobsBehind(which, ["FAILED"])}>
                {codes.length - MOST_CODES} more
              </Link>
            </li>
          )}
        </ul>
      )}
    </Panel>
  );
}

/** The same figures for each flow to which something happened, the one with the most jobs first. */
export function ByFlow({ series, search }: Props) {
  const flows = series.flows.toSorted((a, b) => endedOf(b) - endedOf(a));
  const from = Date.parse(series.since);
  return (
    <Panel title="By flow" flush>
      <div className={styles["wide"]} tabIndex={0} role="group" aria-label="What happened, by flow">
        <table className={styles["table"]}>
          <caption className="visually-hidden">What happened, by flow</caption>
          <thead>
            <tr>
              <th scope="col">Flow</th>
              {[
                "Completed",
                "Failed",
                "Cancelled",
                "Success",
                "Longest wait",
                "p50",
                "p95",
                "Tokens",
                "Cost",
              ].map((name) => (
                <th key={name} scope="col" className={styles["number"]}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {flows.map((counts) => {
              const { flow, completed, failed, cancelled, waitingAgeMs, durations, tokens, costMicros } =
                counts;
              const success = successOf(counts);
              const spent = tokens.prompt + tokens.completion;
              return (
                <tr key={flow}>
                  <th scope="row">
                    <Link to="/overview" search={{ ...search, flow }} resetScroll={false}>
                      {flow}
                    </Link>
                  </th>
                  <td className={styles["number"]}>{number(completed)}</td>
                  <td className={styles["number"]} data-bad={failed > 0 || undefined}>
                    {failed === 0 ? (
                      "0"
                    ) : (
                      <Link to="/" search={jobsBehind({ from, flow }, ["FAILED"])}>
                        {number(failed)}
                      </Link>
                    )}
                  </td>
                  <td className={styles["number"]}>{number(cancelled)}</td>
                  <td className={styles["number"]}>{success === null ? "–" : percent(success)}</td>
                  <td className={styles["number"]}>{waitingAgeMs === null ? "–" : duration(waitingAgeMs)}</td>
                  <td className={styles["number"]}>
                    {durations.total === null ? "–" : duration(durations.total.p50)}
                  </td>
                  <td className={styles["number"]}>
                    {durations.total === null ? "–" : duration(durations.total.p95)}
                  </td>
                  <td className={styles["number"]}>{spent === 0 ? "–" : short(spent)}</td>
                  <td className={styles["number"]}>
                    {costMicros === 0 ? "–" : `${aboutMoney(costMicros)} ${series.currency}`}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
