import type { ReactNode, Ref } from "react";
import styles from "./result.module.css";

/** A scrollable box. It has a label and takes the focus, so that the keyboard can scroll it. */
export function ScrollBox({
  label,
  prose = false,
  box,
  children,
}: {
  label: string;
  prose?: boolean;
  box?: Ref<HTMLDivElement>;
  children: ReactNode;
}) {
  return (
    <div
      role="group"
      ref={box ?? null}
      className={styles["box"]}
      data-prose={prose || undefined}
      tabIndex={0}
      aria-label={label}
    >
      <pre className={styles["text"]}>{children}</pre>
    </div>
  );
}
