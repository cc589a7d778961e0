import type { ReactNode } from "react";
import styles from "./page-frame.module.css";

interface Props {
  title: string;
  about: ReactNode;
  /** What can be done here beside the lists. */
  action?: ReactNode;
  children: ReactNode;
}

/** A page: what it is about, and its parts below each other. */
export function PageFrame({ title, about, action, children }: Props) {
  return (
    <div className={styles["page"]}>
      <header className={styles["intro"]}>
        <div>
          <h1>{title}</h1>
          <p>{about}</p>
        </div>
        {action}
      </header>
      {children}
    </div>
  );
}
