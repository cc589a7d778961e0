import type { TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import styles from "./notice.module.css";

interface Props {
  icon: TablerIcon;
  title: string;
  tone?: "plain" | "bad";
  /** In place of a whole page, whose heading it is. */
  isPage?: boolean;
  children?: ReactNode;
}

/** Shown in place of content: nothing yet, no match, or an error. */
export function Notice({ icon: Icon, title, tone = "plain", isPage = false, children }: Props) {
  const Heading = isPage ? "h1" : "h2";
  return (
    <div className={styles["notice"]} data-tone={tone} role={tone === "bad" ? "alert" : undefined}>
      <span className={styles["icon"]}>
        <Icon size={24} stroke={1.6} aria-hidden />
      </span>
      <Heading className={styles["title"]}>{title}</Heading>
      <div className={styles["text"]}>{children}</div>
    </div>
  );
}
