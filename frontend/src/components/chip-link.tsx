import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ListSearch } from "@/lib/last-list";
import styles from "./chip-link.module.css";

interface Props {
  /** Red: what went wrong. */
  tone: "gray" | "red";
  /** What the list shows then, from what it shows now. */
  search: (now: ListSearch) => ListSearch;
  title: string;
  isTabStop: boolean;
  children: ReactNode;
}

/** A word about a job; it leads to the jobs of which it is true, too. */
export function ChipLink({ tone, search, title, isTabStop, children }: Props) {
  return (
    <Link
      to="/"
      search={(now: ListSearch) => ({ ...search(now), peek: undefined })}
      className={styles["chip"]}
      data-tone={tone}
      tabIndex={isTabStop ? undefined : -1}
      title={title}
    >
      {children}
    </Link>
  );
}
