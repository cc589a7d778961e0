import { Button, NativeSelect } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useWhyNot } from "@/access/access-context";
import { countMatching } from "@/api/bulk-actions";
import { messageOf } from "@/api/errors";
import { groupsQuery } from "@/api/finding";
import type { JobFilter } from "@/api/job-rows";
import type { BulkAction, BulkCount, GroupBy, JobGroup } from "@/api/model";
import { ErrorChip } from "@/components/error-chip";
import { Age } from "@/components/times";
import { money } from "@/lib/money";
import { withTerm } from "@/lib/search-term";
import { BulkAsk } from "./bulk-ask";
import styles from "./groups.module.css";
import { toSearch } from "./search";

interface Props {
  filter: JobFilter;
  onStarted: (action: BulkAction) => void;
}

interface Asked {
  readonly filter: JobFilter;
  readonly matched: BulkCount;
}

const CHOICES: readonly { readonly value: GroupBy; readonly label: string; readonly title: string }[] = [
  { value: "error", label: "Failures by error", title: "Failed jobs by error" },
  { value: "flow", label: "By flow", title: "Jobs by flow" },
  { value: "tag", label: "By tag", title: "Jobs by tag" },
  { value: "verdict", label: "By verdict", title: "Ended jobs by verdict" },
  { value: "key", label: "By key", title: "Jobs by key" },
];

/** The jobs of the list in groups: of the same error at first, which can be retried together. */
export function Groups({ filter, onStarted }: Props) {
  const [by, setBy] = useState<GroupBy>("error");
  return (
    <div className={styles["panel"]}>
      <NativeSelect
        aria-label="Group by"
        className={styles["by"]}
        size="xs"
        value={by}
        data={CHOICES.map(({ value, label }) => ({ value, label }))}
        onChange={({ currentTarget: { value } }) =>
          setBy(CHOICES.find((one) => one.value === value)?.value ?? "error")
        }
      />
      <GroupTable filter={filter} onStarted={onStarted} by={by} />
    </div>
  );
}

function GroupTable({ filter, onStarted, by }: Props & { readonly by: GroupBy }) {
  const { data, error } = useQuery(groupsQuery(filter, by));
  const mayRetry = useWhyNot("operate") === null && by === "error";
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
  if (data.groups.length === 0)
    return (
      <p className={styles["note"]}>
        {by === "error" ? "No failed job" : `No job with a ${by}`} in this list.
      </p>
    );
  const priced = data.groups.some(({ costMicros }) => costMicros !== null);
  const ofFlows = data.groups.some(({ flow }) => flow !== null) && by !== "flow";
  const title = CHOICES.find((one) => one.value === by)?.title;
  return (
    <>
      <table className={styles["table"]}>
        <caption className="visually-hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col" className={styles["value"]}>
              {by}
            </th>
            {ofFlows && <th scope="col">Flow</th>}
            <th scope="col">Jobs</th>
            {priced && <th scope="col">Cost</th>}
            <th scope="col">First</th>
            <th scope="col">Last</th>
            <th scope="col">Example</th>
            {mayRetry && (
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {data.groups.map((group) => {
            const { value, flow, count, since, until, example, costMicros } = group;
            const of = filterOf(by, group, filter);
            return (
              <tr key={`${value} ${flow}`}>
                <td>
                  {by === "error" ? (
                    <ErrorChip code={value} search={toSearch(of)} />
                  ) : (
                    <Link to="/" search={toSearch(of)} title={`Show only jobs with this ${by}`}>
                      {value}
                    </Link>
                  )}
                </td>
                {ofFlows && (
                  <td className={styles["flow"]}>
                    {flow ?? <span className={styles["several"]}>several flows</span>}
                  </td>
                )}
                <td className="numbers">
                  {count.toLocaleString("en")}
                  <span className={styles["unit"]}>{count === 1 ? " job" : " jobs"}</span>
                </td>
                {priced && (
                  <td className="numbers">
                    {costMicros === null ? "" : `${money(costMicros)} ${data.currency}`}
                  </td>
                )}
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
                {mayRetry && (
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
      {data.more && <p className={styles["note"]}>Counted among the newest 10,000 jobs.</p>}
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
    </>
  );
}

/** What finds the jobs of a group, among those of the list. */
function filterOf(by: GroupBy, { value, flow }: JobGroup, filter: JobFilter): JobFilter {
  switch (by) {
    case "flow":
      return { ...filter, flow: value };
    case "tag":
      return { ...filter, tag: value };
    case "error":
      return {
        ...filter,
        status: ["FAILED"],
        flow: flow ?? filter.flow,
        q: withTerm(filter.q, by, value),
      };
    default:
      return { ...filter, q: withTerm(filter.q, by, value) };
  }
}
