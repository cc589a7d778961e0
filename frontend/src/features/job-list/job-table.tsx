import { Fragment, memo, type ReactNode, useRef } from "react";
import type { Row } from "@/api/job-rows";
import { Duration } from "@/components/duration";
import { StatusBadge } from "@/components/status-badge";
import { Age } from "@/components/times";
import { useRemembered } from "@/lib/remembered";
import { PromptCell } from "./job-cells";
import styles from "./job-list.module.css";
import { type Column, LABELS, LOOK, ROW_HEIGHTS, WIDTHS } from "./look";
import { PeekButton } from "./peek-button";
import type { RowProps, RowsProps } from "./rows-props";
import { useDrawnRows } from "./use-drawn-rows";

const STATUS_WIDTH = 138;
const PEEK_WIDTH = 48;
/** Of the prompt; where there is less room, the table is scrolled. */
const LEAST_WIDTH = 200;

export function JobTable(props: RowsProps) {
  const { density, columns } = useRemembered(LOOK);
  const height = ROW_HEIGHTS[density];
  const cells = columns.length + 3;
  const fixed = columns.reduce((sum, column) => sum + WIDTHS[column], STATUS_WIDTH + PEEK_WIDTH);
  const body = useRef<HTMLTableSectionElement>(null);
  const { drawn, skippedAtEnd } = useDrawnRows(body, height, props);
  return (
    <table
      className={styles["table"]}
      aria-rowcount={props.total}
      data-density={density}
      style={{ minWidth: fixed + LEAST_WIDTH }}
    >
      <caption className="visually-hidden">Jobs, newest first</caption>
      <colgroup>
        <col style={{ width: STATUS_WIDTH }} />
        <col />
        {columns.map((column) => (
          <col key={column} style={{ width: WIDTHS[column] }} />
        ))}
        <col style={{ width: PEEK_WIDTH }} />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">Status</th>
          <th scope="col">Prompt</th>
          {columns.map((column) => (
            <th key={column} scope="col">
              {LABELS[column]}
            </th>
          ))}
          <th scope="col">
            <span className="visually-hidden">Peek</span>
          </th>
        </tr>
      </thead>
      <tbody ref={body}>
        {drawn.map(({ props: row, skipped }) => (
          <Fragment key={row.row.id}>
            <Skipped height={skipped * height} cells={cells} />
            <JobRow {...row} columns={columns} />
          </Fragment>
        ))}
        <Skipped height={skippedAtEnd * height} cells={cells} />
      </tbody>
    </table>
  );
}

const CELLS: Readonly<Record<Column, (row: Row) => ReactNode>> = {
  flow: (row) => row.flow,
  key: (row) => (row.key === null ? "–" : <bdi>{row.key}</bdi>),
  priority: (row) => <span className="numbers">{row.priority}</span>,
  attempt: (row) => <span className="numbers">{`${row.attempt} of ${row.maxAttempts}`}</span>,
  created: (row) => <Age at={row.createdAt} inRow />,
  ended: (row) => (row.finishedAt === null ? "–" : <Age at={row.finishedAt} inRow />),
  duration: (row) => <Duration job={row} />,
};

function Skipped({ height, cells }: { height: number; cells: number }) {
  return height === 0 ? null : (
    <tr aria-hidden className={styles["skipped"]}>
      <td colSpan={cells} style={{ height }} />
    </tr>
  );
}

const JobRow = memo(function JobRow(props: RowProps & { columns: readonly Column[] }) {
  const { row, columns, index, isSelected, isTabStop, isLeft, onChoose, onPeek } = props;
  return (
    <tr
      className={styles["row"]}
      // The heading is the first.
      aria-rowindex={index + 2}
      data-job={row.id}
      data-selected={isSelected || undefined}
      data-left={isLeft || undefined}
    >
      <td>
        <StatusBadge status={row.status} />
      </td>
      <td>
        <PromptCell job={row} isTabStop={isTabStop} onChoose={onChoose} />
      </td>
      {columns.map((column) => (
        <td
          key={column}
          className={styles["cell"]}
          title={column === "flow" || column === "key" ? (row[column] ?? undefined) : undefined}
        >
          {CELLS[column](row)}
        </td>
      ))}
      <td>
        <PeekButton id={row.id} isTabStop={isTabStop} onPeek={onPeek} />
      </td>
    </tr>
  );
});
