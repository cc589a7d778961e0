import { type ReactNode, useId } from "react";
import styles from "./panel.module.css";

interface Props {
  title: string;
  aside?: ReactNode;
  flush?: boolean;
  children: ReactNode;
}

/** A titled card. `flush`: its content reaches the edges (tables, texts). */
export function Panel({ title, aside, flush = false, children }: Props) {
  const id = useId();
  return (
    <section className={styles["panel"]} aria-labelledby={id}>
      <header className={styles["head"]}>
        <h2 id={id} className={styles["title"]}>
          {title}
        </h2>
        {aside}
      </header>
      <div className={flush ? undefined : styles["body"]}>{children}</div>
    </section>
  );
}
