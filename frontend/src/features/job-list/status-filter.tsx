import { FilterChips } from "@/components/filter-chips";
import { STATUS_ICONS, STATUS_TONES } from "@/components/status-badge";
import { STATUSES, type Status, statusLabel } from "@/lib/status";

interface Props {
  chosen: readonly Status[];
  /** Number of jobs by status; undefined while not loaded. */
  counts: Readonly<Record<string, number>> | undefined;
  onChange: (chosen: Status[]) => void;
}

export function StatusFilter({ chosen, counts, onChange }: Props) {
  const chips = STATUSES.map((status) => ({
    value: status,
    label: statusLabel(status),
    icon: STATUS_ICONS[status],
    tone: STATUS_TONES[status],
    count: counts && (counts[status] ?? 0),
  }));
  const total = counts && Object.values(counts).reduce((sum, count) => sum + count, 0);
  return (
    <FilterChips legend="Filter by status" chips={chips} chosen={chosen} total={total} onChange={onChange} />
  );
}
