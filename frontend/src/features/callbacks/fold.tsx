import { IconChevronRight } from "@tabler/icons-react";
import { type ReactNode, useId, useState } from "react";
import styles from "./callbacks.module.css";

interface Props {
  open: boolean;
  /** The line that opens it, by whether it is open. */
  line: (shown: boolean) => ReactNode;
  children: ReactNode;
}

/** What may be long, and is drawn when it is opened. */
export function Fold({ open, line, children }: Props) {
  const [shown, setShown] = useState(open);
  const id = useId();
  return (
    <div className={styles["content"]}>
      <button
        type="button"
        className={styles["fold"]}
        aria-expanded={shown}
        aria-controls={shown ? id : undefined}
        onClick={() => setShown(!shown)}
      >
        <IconChevronRight size={15} aria-hidden />
        {line(shown)}
      </button>
      {shown && (
        <div id={id} className={styles["whole"]}>
          {children}
        </div>
      )}
    </div>
  );
}
