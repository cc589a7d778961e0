import type { Measure } from "./measure";
import styles from "./overview.module.css";
import type { Point } from "./points";
import { periodOf, wordsForState } from "./words";

interface Props {
  point: Point;
  measures: readonly Measure[];
  format: (value: number) => string;
  pressable: boolean;
}

/** What the period under the pointer has; as the bars stand, the topmost first. */
export function ChartTip({ point, measures, format, pressable }: Props) {
  const state = wordsForState(point);
  const found = measures.map((measure) => ({ ...measure, value: measure.of(point) }));
  return (
    <div className={styles["tip"]}>
      <p className={styles["tipPeriod"]}>
        {periodOf(point)}
        {state !== "" && <span> · {state}</span>}
      </p>
      {found.toReversed().map(({ key, label, color, value }) => (
        <p key={key} className={styles["tipRow"]}>
          <span className={styles["swatch"]} style={{ background: color }} />
          {label}
          <span className={styles["tipValue"]}>{value === null ? "–" : format(value)}</span>
        </p>
      ))}
      {pressable && <p className={styles["tipHint"]}>Press to see the jobs</p>}
    </div>
  );
}
