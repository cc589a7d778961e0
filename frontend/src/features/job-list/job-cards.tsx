import { Fragment, memo, useRef } from "react";
import { Duration } from "@/components/duration";
import { StatusBadge } from "@/components/status-badge";
import { Age } from "@/components/times";
import { Code, Marks, PromptLink, Remark } from "./job-cells";
import styles from "./job-list.module.css";
import { PeekButton } from "./peek-button";
import type { RowProps, RowsProps } from "./rows-props";
import { useDrawnRows } from "./use-drawn-rows";

/** With its line below; `.card` in the style sheet has the same. */
const CARD_HEIGHT = 133;

/** The list on narrow screens. */
export function JobCards(props: RowsProps) {
  const list = useRef<HTMLUListElement>(null);
  const { drawn, skippedAtEnd } = useDrawnRows(list, CARD_HEIGHT, props);
  return (
    <ul className={styles["cards"]} aria-label="Jobs, newest first" ref={list}>
      {drawn.map(({ props: card, skipped }) => (
        <Fragment key={card.row.id}>
          <Skipped cards={skipped} />
          <JobCard {...card} total={props.total} />
        </Fragment>
      ))}
      <Skipped cards={skippedAtEnd} />
    </ul>
  );
}

function Skipped({ cards }: { cards: number }) {
  return cards === 0 ? null : <li aria-hidden style={{ height: cards * CARD_HEIGHT }} />;
}

const JobCard = memo(function JobCard(props: RowProps & Pick<RowsProps, "total">) {
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
