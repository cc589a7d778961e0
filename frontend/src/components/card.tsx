import type { ReactNode, Ref } from "react";
import styles from "./card.module.css";

interface Props {
  label?: string;
  ref?: Ref<HTMLElement>;
  children: ReactNode;
}

/** A box around a list or a table. */
export function Card({ label, ref, children }: Props) {
  return (
    <section className={styles["card"]} aria-label={label} ref={ref}>
      {children}
    </section>
  );
}
