import type { ReactNode, Ref } from "react";
import styles from "./result.module.css";

/** A long text in a box of its own. It has a name and takes focus, so that the keyboard can scroll it. */
export function ScrollBox({
  label,
  box,
  children,
}: {
  label: string;
  box?: Ref<HTMLElement>;
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section ref={box ?? null} className={styles["box"]} tabIndex={0} aria-label={label}>
      <pre className={styles["text"]}>{children}</pre>
    </section>
  );
}
