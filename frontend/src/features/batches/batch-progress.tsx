import type { Batch } from "@/api/model";
import { COUNTS, doneOf, wordsFor } from "./batch-words";
import styles from "./batches.module.css";

/** A bar of the jobs by state, and the same in words. */
export function BatchProgress({ batch }: { batch: Batch }) {
  const words = wordsFor(batch);
  return (
    <div className={styles["progress"]}>
      <div
        className={styles["bar"]}
        role="progressbar"
        aria-label="Jobs done"
        aria-valuemin={0}
        aria-valuemax={batch.jobs}
        aria-valuenow={doneOf(batch)}
        aria-valuetext={words}
      >
        {COUNTS.filter(({ name }) => batch.counts[name] > 0 && name !== "pending").map(({ name, tone }) => (
          <span
            key={name}
            data-tone={tone}
            style={{ width: `${(100 * batch.counts[name]) / Math.max(1, batch.jobs)}%` }}
          />
        ))}
      </div>
      <p className={styles["words"]}>{words}</p>
    </div>
  );
}
