import type { TablerIcon } from "@tabler/icons-react";
import styles from "./filter-chips.module.css";
import type { Tone } from "./tone-badge";

interface Chip<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly icon: TablerIcon;
  readonly tone: Tone;
  /** Number of items; undefined if unknown. */
  readonly count?: number | undefined;
}

interface Props<T extends string> {
  legend: string;
  chips: readonly Chip<T>[];
  chosen: readonly T[];
  total?: number | undefined;
  onChange: (chosen: T[]) => void;
}

/** Multiple choice; nothing chosen means all. */
export function FilterChips<T extends string>({ legend, chips, chosen, total, onChange }: Props<T>) {
  const toggle = (value: T) =>
    onChange(chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value]);
  return (
    <fieldset className={styles["chips"]}>
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
          onClick={() => toggle(value)}
        >
          <Icon size={15} stroke={2} aria-hidden data-tone={tone} />
          {label} <Count value={count} />
        </button>
      ))}
    </fieldset>
  );
}

function Count({ value }: { value: number | undefined }) {
  return value === undefined ? null : <span className={styles["count"]}>{value.toLocaleString("en")}</span>;
}
