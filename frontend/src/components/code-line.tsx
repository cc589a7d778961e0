import styles from "./code-line.module.css";
import { CopyButton } from "./copy-button";

/** A command to copy. */
export function CodeLine({ code, what }: { code: string; what: string }) {
  return (
    <div className={styles["line"]}>
      <code className={styles["code"]}>{code}</code>
      <CopyButton text={code} what={what} />
    </div>
  );
}
