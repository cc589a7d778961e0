import type { ReactNode } from "react";
import styles from "./row-top.module.css";

interface Props {
  heading: "h2" | "h3";
  name: ReactNode;
  children: ReactNode;
}

/** The first line of a row: its name, and how it stands. */
export function RowTop({ heading: Heading, name, children }: Props) {
  return (
    <div className={styles["top"]}>
      <Heading className={styles["name"]}>{name}</Heading>
      {children}
    </div>
  );
}
