import { IconLayoutSidebarRightExpand } from "@tabler/icons-react";
import styles from "./job-list.module.css";

interface Props {
  id: string;
  isTabStop: boolean;
  onPeek: (id: string) => void;
}

/** Shows the job beside the list. A plain button, because there is one in each of a thousand rows. */
export function PeekButton({ id, isTabStop, onPeek }: Props) {
  return (
    <button
      type="button"
      className={styles["peek"]}
      aria-label="Peek"
      title="Peek (p or space)"
      aria-keyshortcuts="p"
      tabIndex={isTabStop ? 0 : -1}
      onClick={() => onPeek(id)}
    >
      <IconLayoutSidebarRightExpand size={17} aria-hidden />
    </button>
  );
}
