import type { ComponentProps } from "react";
import styles from "./card.module.css";

type Props = Omit<ComponentProps<"section">, "aria-label" | "className"> & {
  label?: string;
  [data: `data-${string}`]: string | undefined;
};

/** A box around a list or a table. */
export function Card({ label, ...section }: Props) {
  return <section {...section} className={styles["card"]} aria-label={label} />;
}
