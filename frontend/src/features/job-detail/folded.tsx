import type { ReactNode } from "react";
import styles from "./timeline.module.css";

/** Shown of a long list: the beginning and, as what matters is at the end, more of the newest. */
const FIRST = 3;
const NEWEST = 10;
const FOLDS_FROM = FIRST + NEWEST + 4;

interface Props {
  className: string | undefined;
  /** List items. */
  children: readonly ReactNode[];
  /** A list item that is always shown at the end. */
  last?: ReactNode;
}

/** An ordered list whose middle is folded while it is long. <details>: the browser opens it for links and searches. */
export function Folded({ className, children, last }: Props) {
  const all = children.length;
  const hidden = children.slice(FIRST, all - NEWEST);
  return (
    <ol className={className}>
      {all < FOLDS_FROM ? (
        children
      ) : (
        <>
          {children.slice(0, FIRST)}
          <li className={styles["folded"]}>
            <details>
              <summary>
                <span>Show all {all}</span>
                <span>Hide {hidden.length}</span>
              </summary>
              <ol className={className}>{hidden}</ol>
            </details>
          </li>
          {children.slice(all - NEWEST)}
        </>
      )}
      {last}
    </ol>
  );
}
