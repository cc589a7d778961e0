import { Fragment, memo, useEffect, useRef } from "react";
import type { Row } from "@/api/job-rows";
import { Duration } from "@/components/duration";
import { StatusBadge } from "@/components/status-badge";
import { Age } from "@/components/times";
import { Code, Marks, PromptLink, Remark } from "./job-cells";
import styles from "./job-list.module.css";
import { PeekButton } from "./peek-button";
import type { RowsProps } from "./rows-props";
import { useVirtualRows } from "./use-virtual-rows";

/** With its line below; `.card` in the style sheet has the same. */
const CARD_HEIGHT = 133;

/** The list on narrow screens. */
export function JobCards({ rows, keys, isLeft, total, onPeek, onDrawn }: RowsProps) {
  const list = useRef<HTMLUListElement>(null);
  const kept = rows.findIndex((row) => row.id === keys.selected);
  const { drawn, skippedAtEnd } = useVirtualRows(list, rows.length, CARD_HEIGHT, kept);
  useEffect(() => onDrawn(drawn.map(({ index }) => index)));
  return (
    <ul className={styles["cards"]} aria-label="Jobs, newest first" ref={list}>
      {drawn.map(({ index, skipped }) => {
        const row = rows[index];
        if (row === undefined) return null;
        return (
          <Fragment key={row.id}>
            <Skipped cards={skipped} />
            <JobCard
              row={row}
              index={index}
              total={total}
              isSelected={row.id === keys.selected}
              isTabStop={row.id === keys.tabStop}
              isLeft={isLeft(row)}
              onChoose={keys.choose}
              onPeek={onPeek}
            />
          </Fragment>
        );
      })}
      <Skipped cards={skippedAtEnd} />
    </ul>
  );
}

function Skipped({ cards }: { cards: number }) {
  return cards === 0 ? null : <li aria-hidden style={{ height: cards * CARD_HEIGHT }} />;
}

interface JobCardProps {
  row: Row;
  index: number;
  total: number;
  isSelected: boolean;
  isTabStop: boolean;
  isLeft: boolean;
  onChoose: (id: string) => void;
  onPeek: (id: string) => void;
}

const JobCard = memo(function JobCard(props: JobCardProps) {
  const { row, index, total, isSelected, isTabStop, isLeft, onChoose, onPeek } = props;
  return (
    <li
      className={styles["card"]}
      aria-posinset={index + 1}
      aria-setsize={total}
      data-job={row.id}
      data-selected={isSelected || undefined}
      data-left={isLeft || undefined}
    >
      <div className={styles["cardTop"]}>
        <StatusBadge status={row.status} />
        <span className={styles["cardAside"]}>
          <Age at={row.createdAt} inRow />
          <PeekButton id={row.id} isTabStop={isTabStop} onPeek={onPeek} />
        </span>
      </div>
      <PromptLink job={row} isTabStop={isTabStop} onChoose={onChoose} />
      <Remark job={row} />
      <div className={styles["cardFacts"]}>
        <span className={styles["flow"]}>{row.flow}</span>
        <Duration job={row} />
        <Code job={row} isTabStop={isTabStop} />
        <Marks job={row} isTabStop={isTabStop} />
      </div>
    </li>
  );
});
