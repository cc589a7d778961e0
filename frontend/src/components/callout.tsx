import type { TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import styles from "./callout.module.css";

interface Props {
  icon: TablerIcon;
  tone: "wait" | "warn" | "bad" | "news" | "ended";
  testId: string;
  children: ReactNode;
}

/** A highlighted message above the content. */
export function Callout({ icon: Icon, tone, testId, children }: Props) {
  return (
    <div className={styles["callout"]} data-tone={tone} data-testid={testId}>
      <Icon size={18} aria-hidden />
      <div className={styles["body"]}>{children}</div>
    </div>
  );
}
