import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useWhyNot } from "@/access/access-context";
import { countMatching } from "@/api/bulk-actions";
import { messageOf } from "@/api/errors";
import { failuresQuery } from "@/api/finding";
import type { JobFilter } from "@/api/job-rows";
import type { BulkAction, BulkCount, JobGroup } from "@/api/model";
import { ErrorChip } from "@/components/error-chip";
import { Age } from "@/components/times";
import { withErrorTerm } from "@/lib/error-term";
import { BulkAsk } from "./bulk-ask";
import styles from "./failures.module.css";
import { toSearch } from "./search";

interface Props {
  filter: JobFilter;
  onStarted: (action: BulkAction) => void;
}

interface Asked {
  readonly filter: JobFilter;
  readonly matched: BulkCount;
}

/** The failed jobs of the list in groups of the same error, and what can be done with a group. */
export function Failures({ filter, onStarted }: Props) {
  const { data, error } = useQuery(failuresQuery(filter));
  const mayNot = useWhyNot("operate") !== null;
  const [asked, setAsked] = useState<Asked | null>(null);
  const [asking, setAsking] = useState(false);
  // A group has the newest jobs only; all that match are retried, and so all are counted.
  const counting = useMutation({
    mutationFn: async (of: JobFilter): Promise<Asked> => ({ filter: of, matched: await countMatching(of) }),
    onSuccess: (counted) => {
      setAsked(counted);
      setAsking(true);
    },
    onError: (failure) =>
      notifications.show({
        color: "red",
        title: "The jobs could not be counted",
        message: messageOf(failure),
      }),
  });
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
            <th scope="col">Since</th>
            <th scope="col">Last</th>
            <th scope="col">Example</th>
            {!mayNot && (
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {data.groups.map((group) => {
            const { value, flow, count, since, until, example } = group;
            const of = filterOf(group, filter);
            return (
              <tr key={`${value} ${flow}`}>
                <td>
                  <ErrorChip code={value} search={toSearch(of)} />
                </td>
                <td className={styles["flow"]}>
                  {flow ?? <span className={styles["several"]}>several flows</span>}
                </td>
                <td className="numbers">
                  {count.toLocaleString("en")}
                  <span className={styles["unit"]}>{count === 1 ? " job" : " jobs"}</span>
                </td>
                <td className={styles["since"]}>
                  <Age at={Date.parse(since)} />
                </td>
                <td className={styles["until"]}>
                  <Age at={Date.parse(until)} />
                </td>
                <td className={styles["example"]}>
                  <Link to="/jobs/$id" params={{ id: example }}>
                    Newest<span className="visually-hidden"> job with {value}</span>
                  </Link>
                </td>
                {!mayNot && (
                  <td className={styles["act"]}>
                    <Button
                      variant="default"
                      size="compact-sm"
                      // Not disabled meanwhile: the dialog returns the focus to it.
                      aria-busy={counting.isPending}
                      onClick={() => !counting.isPending && counting.mutate(of)}
                    >
                      Retry all…
                    </Button>
                  </td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
      {data.more && <p className={styles["note"]}>Of the newest 10,000 failed jobs.</p>}
      {asked !== null && (
        <BulkAsk
          opened={asking}
          filter={asked.filter}
          kind="retry"
          matched={asked.matched}
          onStarted={onStarted}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}

/** What finds the jobs of a group, among those of the list. */
function filterOf({ value, flow }: JobGroup, filter: JobFilter): JobFilter {
  return {
    ...filter,
    status: ["FAILED"],
    flow: flow ?? filter.flow,
    q: withErrorTerm(filter.q, value),
  };
}
