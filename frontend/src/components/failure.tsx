import type { ReactNode } from "react";
import styles from "./failure.module.css";

/** Why something was not done. */
export function Failure({ children }: { children: ReactNode }) {
  return (
    <p role="alert" className={styles["failure"]}>
      {children}
    </p>
  );
}
