import type { ReactNode } from "react";
import styles from "./page-frame.module.css";

interface HeadProps {
  title: ReactNode;
  about: ReactNode;
  /** What can be done here. */
  action?: ReactNode;
}

/** What a page is about. */
export function PageHead({ title, about, action }: HeadProps) {
  return (
    <header className={styles["head"]}>
      <div>
        <h1>{title}</h1>
        <p>{about}</p>
      </div>
      {action}
    </header>
  );
}

/** A page: its head, and its parts below each other. */
export function PageFrame({ children, ...head }: HeadProps & { children: ReactNode }) {
  return (
    <div className={styles["page"]}>
      <PageHead {...head} />
      {children}
    </div>
  );
}
