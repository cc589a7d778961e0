import styles from "./code-line.module.css";
import { CopyButton } from "./copy-button";

/** Something to copy for a terminal or a file; it keeps its lines. */
export function CodeLine({ code, what }: { code: string; what: string }) {
  return (
    <div className={styles["line"]}>
      <code className={styles["code"]}>{code}</code>
      <CopyButton text={code} what={what} />
    </div>
  );
}
