import { STATUS_ICONS } from "@/components/status-badge";
import { STATUSES, type Status, statusLabel } from "@/lib/status";
import styles from "./filter-bar.module.css";

interface Props {
  chosen: readonly Status[];
  /** How many jobs there are of each; undefined until that is known. */
  counts: Readonly<Record<string, number>> | undefined;
  onChange: (chosen: Status[]) => void;
}

export function StatusFilter({ chosen, counts, onChange }: Props) {
  const toggle = (status: Status) =>
    onChange(chosen.includes(status) ? chosen.filter((one) => one !== status) : [...chosen, status]);
  const total = counts && Object.values(counts).reduce((sum, count) => sum + count, 0);
  return (
    <fieldset className={styles["statuses"]}>
      <legend className="visually-hidden">Filter by status</legend>
      <button
        type="button"
        className={styles["status"]}
        aria-pressed={chosen.length === 0}
        onClick={() => onChange([])}
      >
        All <Count value={total} />
      </button>
      {STATUSES.map((status) => {
        const Icon = STATUS_ICONS[status];
        return (
          <button
            key={status}
            type="button"
            className={styles["status"]}
            aria-pressed={chosen.includes(status)}
            onClick={() => toggle(status)}
          >
            <Icon size={15} stroke={2} aria-hidden data-status={status} />
            {statusLabel(status)} <Count value={counts && (counts[status] ?? 0)} />
          </button>
        );
      })}
    </fieldset>
  );
}

function Count({ value }: { value: number | undefined }) {
  return <span className={styles["count"]}>{value === undefined ? "" : value.toLocaleString("en")}</span>;
}
