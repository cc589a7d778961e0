import { Link } from "@tanstack/react-router";
import { withErrorTerm } from "@/lib/error-term";
import type { ListSearch } from "@/lib/last-list";
import styles from "./error-chip.module.css";

interface Props {
  code: string;
  /** What the list shows then; if not given, what it shows now, of this error only. */
  search?: ListSearch;
  isTabStop?: boolean;
}

/** The code of an error; it leads to the jobs that have it. */
export function ErrorChip({ code, search, isTabStop = true }: Props) {
  return (
    <Link
      to="/"
      search={(now: ListSearch) => search ?? { ...now, peek: undefined, q: withErrorTerm(now.q ?? "", code) }}
      className={styles["chip"]}
      tabIndex={isTabStop ? undefined : -1}
      title="Show only jobs with this error"
    >
      <code>{code}</code>
    </Link>
  );
}
