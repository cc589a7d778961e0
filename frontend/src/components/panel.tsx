import { type ReactNode, useId } from "react";
import card from "./card.module.css";
import styles from "./panel.module.css";

interface Props {
  /** Anchor for links. */
  id?: string;
  title: string;
  aside?: ReactNode;
  flush?: boolean;
  children: ReactNode;
}

/** A titled card. `flush`: the content has no padding (tables, texts). */
export function Panel({ id, title, aside, flush = false, children }: Props) {
  const titleId = useId();
  return (
    <section
      id={id}
      tabIndex={id === undefined ? undefined : -1}
      className={`${card["card"]} ${styles["panel"]}`}
      aria-labelledby={titleId}
    >
      <header className={styles["head"]}>
        <h2 id={titleId} className={styles["title"]}>
          {title}
        </h2>
        {aside}
      </header>
      <div className={flush ? undefined : styles["body"]}>{children}</div>
    </section>
  );
}
