import {
  IconBan,
  IconCircleCheck,
  IconCircleX,
  IconClock,
  IconHourglassEmpty,
  IconLoader2,
  IconQuestionMark,
  type TablerIcon,
} from "@tabler/icons-react";
import { isStatus, type Status, statusLabel } from "@/lib/status";
import styles from "./badge.module.css";
import type { Tone } from "./tone-badge";

export const STATUS_ICONS: Record<Status, TablerIcon> = {
  PENDING: IconClock,
  RUNNING: IconLoader2,
  WAITING: IconHourglassEmpty,
  COMPLETED: IconCircleCheck,
  FAILED: IconCircleX,
  CANCELLED: IconBan,
};

export const STATUS_TONES: Record<Status, Tone> = {
  PENDING: "gray",
  RUNNING: "blue",
  WAITING: "violet",
  COMPLETED: "green",
  FAILED: "red",
  CANCELLED: "gray",
};

/** Icon, word and colour, so that one alone is enough. */
export function StatusBadge({ status, large = false }: { status: string; large?: boolean }) {
  const known = isStatus(status);
  const Icon = known ? STATUS_ICONS[status] : IconQuestionMark;
  return (
    <span
      className={styles["badge"]}
      data-tone={known ? STATUS_TONES[status] : "gray"}
      data-large={large || undefined}
      data-status={status}
    >
      <Icon size={large ? 17 : 15} stroke={2} aria-hidden className={styles["icon"]} />
      {statusLabel(status)}
    </span>
  );
}
