import type { TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import styles from "./badge.module.css";

export type Tone = "gray" | "blue" | "violet" | "green" | "red" | "amber";

/** How a state is shown. */
export interface Look {
  readonly label: string;
  readonly icon: TablerIcon;
  readonly tone: Tone;
}

interface Props {
  tone: Tone;
  icon?: TablerIcon;
  outlined?: boolean;
  title?: string;
  children: ReactNode;
}

export function ToneBadge({ tone, icon: Icon, outlined = false, title, children }: Props) {
  return (
    <span className={styles["badge"]} data-tone={tone} data-outlined={outlined || undefined} title={title}>
      {Icon && <Icon size={14} stroke={2} aria-hidden className={styles["icon"]} />}
      {children}
    </span>
  );
}
