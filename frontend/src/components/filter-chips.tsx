import { type MouseEvent, useEffect, useRef } from "react";
import styles from "./filter-chips.module.css";
import type { Look } from "./tone-badge";

/** The edge that fades out, in the style sheet too: there is more to come. */
const EDGE = 28;

interface Chip<T extends string> extends Look {
  readonly value: T;
  /** Number of items, or words for it; undefined if unknown. */
  readonly count?: number | string | undefined;
}

interface Props<T extends string> {
  legend: string;
  chips: readonly Chip<T>[];
  chosen: readonly T[];
  total?: number | undefined;
  onChange: (chosen: T[]) => void;
}

/** A click chooses one alone, with Ctrl, Cmd or Shift one more; nothing chosen means all. */
export function FilterChips<T extends string>({ legend, chips, chosen, total, onChange }: Props<T>) {
  const press = (value: T, event: MouseEvent) => {
    const pressed = chosen.includes(value);
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      onChange(pressed ? chosen.filter((one) => one !== value) : [...chosen, value]);
    } else {
      onChange(pressed && chosen.length === 1 ? [] : [value]);
    }
  };
  const box = useRef<HTMLFieldSetElement>(null);
  const first = chosen[0];
  // On narrow screens the chips scroll: what is chosen must be in sight.
  useEffect(() => {
    if (first !== undefined) bringIntoSight(box.current);
  }, [first]);
  return (
    <fieldset className={styles["chips"]} ref={box}>
      <legend className="visually-hidden">{legend}</legend>
      <button
        type="button"
        className={styles["chip"]}
        aria-pressed={chosen.length === 0}
        onClick={() => onChange([])}
      >
        All <Count value={total} />
      </button>
      {chips.map(({ value, label, icon: Icon, tone, count }) => (
        <button
          key={value}
          type="button"
          className={styles["chip"]}
          aria-pressed={chosen.includes(value)}
          title="Press with Ctrl or Shift to choose several"
          onClick={(event) => press(value, event)}
        >
          <Icon size={15} stroke={2} aria-hidden data-tone={tone} />
          {label} <Count value={count} />
        </button>
      ))}
    </fieldset>
  );
}

/** Only sideways: the page does not move. */
function bringIntoSight(box: HTMLElement | null): void {
  const chip = box?.querySelector<HTMLElement>('[aria-pressed="true"]');
  if (box === null || chip === null || chip === undefined) return;
  const [around, it] = [box.getBoundingClientRect(), chip.getBoundingClientRect()];
  if (it.left < around.left || it.right > around.right - EDGE)
    box.scrollLeft += it.left - around.left - (around.width - it.width) / 2;
}

function Count({ value }: { value: number | string | undefined }) {
  return value === undefined ? null : <span className={styles["count"]}>{value.toLocaleString("en")}</span>;
}
