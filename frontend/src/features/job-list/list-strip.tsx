import { Button, Loader } from "@mantine/core";
import { IconArrowUp } from "@tabler/icons-react";
import styles from "./job-list.module.css";
import { type News, wordsOf } from "./news";

interface Props {
  loaded: number;
  /** How many there are in all; null: not known. */
  total: string | null;
  isWhole: boolean;
  applying: boolean;
  news: News;
  /** Whether all jobs that match are selected; null: who reads may do nothing with them. */
  isSelected: boolean | null;
  onSelect: (selected: boolean) => void;
  onShow: (byKeyboard: boolean) => void;
}

/**
 * A line of its own above the rows, where it covers none of them, because what is new may be announced while somebody
 * aims at a row. It stays in sight when the rows scroll.
 */
export function ListStrip({ loaded, total, isWhole, applying, news, isSelected, onSelect, onShow }: Props) {
  const words = applying ? null : wordsOf(news);
  return (
    <div className={styles["strip"]}>
      <span className="numbers">
        {applying ? (
          <span className={styles["applying"]}>
            <Loader size={13} aria-hidden /> Applying the filter…
          </span>
        ) : (
          <>
            <span>{`${isWhole ? "" : "Newest "}${loaded.toLocaleString("en")} ${loaded === 1 ? "job" : "jobs"}`}</span>
            {!isWhole && total !== null && <span> of {total}</span>}
          </>
        )}
      </span>
      {isSelected !== null && !applying && (
        <Button
          className={styles["select"]}
          variant="default"
          size="compact-sm"
          onClick={() => onSelect(!isSelected)}
        >
          {isSelected ? (
            "Clear selection"
          ) : (
            <span>
              Select all<span className={styles["thatMatch"]}> that match</span>
            </span>
          )}
        </Button>
      )}
      <div role="status" aria-live="polite">
        {words !== null && (
          <Button
            radius="xl"
            size="compact-sm"
            leftSection={<IconArrowUp size={14} aria-hidden />}
            onClick={(event) => onShow(event.detail === 0)}
          >
            {words}
          </Button>
        )}
      </div>
    </div>
  );
}
