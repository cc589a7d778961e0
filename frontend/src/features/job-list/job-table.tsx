import { Fragment, memo, type ReactNode, useEffect, useRef } from "react";
import type { Row } from "@/api/job-rows";
import { Duration } from "@/components/duration";
import { StatusBadge } from "@/components/status-badge";
import { Age } from "@/components/times";
import { useRemembered } from "@/lib/remembered";
import { PromptCell } from "./job-cells";
import styles from "./job-list.module.css";
import { type Column, LABELS, LOOK, ROW_HEIGHTS, WIDTHS } from "./look";
import { PeekButton } from "./peek-button";
import type { RowsProps } from "./rows-props";
import { useVirtualRows } from "./use-virtual-rows";

const STATUS_WIDTH = 138;
const PEEK_WIDTH = 48;
/** Of the prompt; where there is less room, the table is scrolled. */
const LEAST_WIDTH = 200;

export function JobTable({ rows, keys, isLeft, total, onPeek, onDrawn }: RowsProps) {
  const { density, columns } = useRemembered(LOOK);
  const height = ROW_HEIGHTS[density];
  const cells = columns.length + 3;
  const fixed = columns.reduce((sum, column) => sum + WIDTHS[column], STATUS_WIDTH + PEEK_WIDTH);
  const body = useRef<HTMLTableSectionElement>(null);
  const kept = rows.findIndex((row) => row.id === keys.selected);
  const { drawn, skippedAtEnd } = useVirtualRows(body, rows.length, height, kept);
  useEffect(() => onDrawn(drawn.map(({ index }) => index)));
  return (
    <table
      className={styles["table"]}
      aria-rowcount={total}
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
        {drawn.map(({ index, skipped }) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <Fragment key={row.id}>
              <Skipped height={skipped * height} cells={cells} />
              <JobRow
                row={row}
                columns={columns}
                index={index}
                isSelected={row.id === keys.selected}
                isTabStop={row.id === keys.tabStop}
                isLeft={isLeft(row)}
                onChoose={keys.choose}
                onPeek={onPeek}
              />
            </Fragment>
          );
        })}
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

interface JobRowProps {
  row: Row;
  columns: readonly Column[];
  index: number;
  isSelected: boolean;
  isTabStop: boolean;
  isLeft: boolean;
  onChoose: (id: string) => void;
  onPeek: (id: string) => void;
}

const JobRow = memo(function JobRow(props: JobRowProps) {
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
