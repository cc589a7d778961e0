import type { ReactNode } from "react";
import styles from "./filters.module.css";

/** Chips and fields above the rows that they filter. */
export function Filters({ children }: { children: ReactNode }) {
  return <div className={styles["filters"]}>{children}</div>;
}
