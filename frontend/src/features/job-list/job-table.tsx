import { Table } from "@mantine/core";
import { Fragment, memo, useEffect, useRef } from "react";
import type { Row } from "@/api/job-rows";
import { Duration } from "@/components/duration";
import { StatusBadge } from "@/components/status-badge";
import { Age } from "@/components/times";
import { PromptCell } from "./job-cells";
import styles from "./job-list.module.css";
import { PeekButton } from "./peek-button";
import type { RowsProps } from "./rows-props";
import { useVirtualRows } from "./use-virtual-rows";

/** With its line below; `.row` in the style sheet has the same. */
const ROW_HEIGHT = 57;
const COLUMNS = 6;

export function JobTable({ rows, keys, isLeft, total, onPeek, onDrawn }: RowsProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  const kept = rows.findIndex((row) => row.id === keys.selected);
  const { drawn, skippedAtEnd } = useVirtualRows(body, rows.length, ROW_HEIGHT, kept);
  useEffect(() => onDrawn(drawn.map(({ index }) => index)));
  return (
    <Table
      className={styles["table"]}
      layout="fixed"
      verticalSpacing={0}
      horizontalSpacing={0}
      withRowBorders={false}
      aria-rowcount={total}
    >
      <caption className="visually-hidden">Jobs, newest first</caption>
      <colgroup>
        <col style={{ width: 138 }} />
        <col />
        <col style={{ width: 112 }} />
        <col style={{ width: 104 }} />
        <col style={{ width: 96 }} />
        <col style={{ width: 48 }} />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">Status</th>
          <th scope="col">Prompt</th>
          <th scope="col">Flow</th>
          <th scope="col">Created</th>
          <th scope="col">Duration</th>
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
              <Skipped rows={skipped} />
              <JobRow
                row={row}
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
        <Skipped rows={skippedAtEnd} />
      </tbody>
    </Table>
  );
}

function Skipped({ rows }: { rows: number }) {
  return rows === 0 ? null : (
    <tr aria-hidden className={styles["skipped"]}>
      <td colSpan={COLUMNS} style={{ height: rows * ROW_HEIGHT }} />
    </tr>
  );
}

interface JobRowProps {
  row: Row;
  index: number;
  isSelected: boolean;
  isTabStop: boolean;
  isLeft: boolean;
  onChoose: (id: string) => void;
  onPeek: (id: string) => void;
}

const JobRow = memo(function JobRow(props: JobRowProps) {
  const { row, index, isSelected, isTabStop, isLeft, onChoose, onPeek } = props;
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
      <td className={styles["flow"]} title={row.flow}>
        {row.flow}
      </td>
      <td>
        <Age at={row.createdAt} inRow />
      </td>
      <td>
        <Duration job={row} />
      </td>
      <td>
        <PeekButton id={row.id} isTabStop={isTabStop} onPeek={onPeek} />
      </td>
    </tr>
  );
});
