import { Table } from "@mantine/core";
import type { JobSummary } from "@/api/model";
import { StatusBadge } from "@/components/status-badge";
import { Age } from "@/components/times";
import { Duration, PromptCell } from "./job-cells";
import styles from "./job-list.module.css";

interface Props {
  jobs: readonly JobSummary[];
  selected: string | null;
}

export function JobTable({ jobs, selected }: Props) {
  return (
    <Table
      className={styles["table"]}
      layout="fixed"
      verticalSpacing={0}
      horizontalSpacing={0}
      withRowBorders={false}
    >
      <caption className="visually-hidden">Jobs, newest first</caption>
      <colgroup>
        <col style={{ width: 138 }} />
        <col />
        <col style={{ width: 112 }} />
        <col style={{ width: 104 }} />
        <col style={{ width: 96 }} />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">Status</th>
          <th scope="col">Prompt</th>
          <th scope="col">Flow</th>
          <th scope="col">Created</th>
          <th scope="col">Duration</th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <tr
            key={job.id}
            className={styles["row"]}
            data-job={job.id}
            data-selected={job.id === selected || undefined}
          >
            <td>
              <StatusBadge status={job.status} />
            </td>
            <td>
              <PromptCell job={job} />
            </td>
            <td className={styles["flow"]} title={job.flow}>
              {job.flow}
            </td>
            <td>
              <Age at={job.createdAt} />
            </td>
            <td>
              <Duration job={job} />
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
