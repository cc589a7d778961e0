import { Skeleton } from "@mantine/core";
import type { ReactNode } from "react";
import styles from "./rows.module.css";

/** A list whose rows have a line between them; each row sets its own padding. */
export function Rows({ label, children }: { label?: string; children: ReactNode }) {
  return (
    <ul className={styles["rows"]} aria-label={label}>
      {children}
    </ul>
  );
}

/** In place of rows that are not there yet. `label`: "Loading callbacks". */
export function LoadingRows({ label }: { label: string }) {
  return (
    <div role="status" aria-label={label} className={styles["loading"]}>
      {["62%", "48%", "71%", "40%"].map((width) => (
        <Skeleton key={width} height={14} width={width} />
      ))}
    </div>
  );
}
