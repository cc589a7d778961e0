import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { messageOf } from "@/api/errors";
import { failuresQuery } from "@/api/finding";
import type { JobFilter } from "@/api/job-rows";
import { Age } from "@/components/times";
import { withErrorTerm } from "./error-term";
import styles from "./failures.module.css";

interface Props {
  filter: JobFilter;
  onChange: (change: Partial<JobFilter>) => void;
}

/** The failed jobs of the list in groups of the same error. A click on one leaves only its jobs. */
export function Failures({ filter, onChange }: Props) {
  const { data, error } = useQuery(failuresQuery(filter));
  if (data === undefined)
    return <p className={styles["note"]}>{error === null ? "Loading…" : messageOf(error)}</p>;
  if (data.groups.length === 0) return <p className={styles["note"]}>No failed job in this list.</p>;
  return (
    <div className={styles["panel"]}>
      <table className={styles["table"]}>
        <caption className="visually-hidden">Failed jobs by error</caption>
        <thead>
          <tr>
            <th scope="col">Error</th>
            <th scope="col">Flow</th>
            <th scope="col">Jobs</th>
            <th scope="col">First</th>
            <th scope="col">Last</th>
            <th scope="col">Example</th>
          </tr>
        </thead>
        <tbody>
          {data.groups.map(({ value, flow, count, since, until, example }) => (
            <tr key={`${value} ${flow}`}>
              <td>
                <Button
                  variant="subtle"
                  size="compact-sm"
                  onClick={() =>
                    onChange({
                      q: withErrorTerm(filter.q, value),
                      flow: flow ?? filter.flow,
                      status: ["FAILED"],
                    })
                  }
                >
                  {value}
                </Button>
              </td>
              <td>{flow}</td>
              <td className="numbers">{count.toLocaleString("en")}</td>
              <td>
                <Age at={Date.parse(since)} />
              </td>
              <td>
                <Age at={Date.parse(until)} />
              </td>
              <td>
                <Link to="/jobs/$id" params={{ id: example }}>
                  Newest
                </Link>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {data.more && <p className={styles["note"]}>Of the newest 10,000 failed jobs.</p>}
    </div>
  );
}
