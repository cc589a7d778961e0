import type { ReactNode } from "react";
import styles from "./fact-line.module.css";

/** Short facts one after another in a line that wraps; nothing if there are none. */
export function FactLine({ className, children }: { className?: string | undefined; children: ReactNode }) {
  const own = styles["facts"];
  return <dl className={className === undefined ? own : `${own} ${className}`}>{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
