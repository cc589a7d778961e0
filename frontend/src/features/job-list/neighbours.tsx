import { Button, Tooltip } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { rowsQuery } from "@/api/job-rows";
import { lastList, rememberChosen } from "@/lib/last-list";
import { useShortcuts } from "@/lib/shortcuts";
import styles from "./neighbours.module.css";
import { toFilter } from "./search";

/** The jobs before and after this one in the list that one came from, as far as it was loaded; nothing if it was not. */
export function Neighbours({ id }: { id: string }) {
  const navigate = useNavigate();
  // Only looked at: the list is not fetched for this.
  const { data, hasNextPage } = useInfiniteQuery({ ...rowsQuery(toFilter(lastList())), enabled: false });
  const rows = data?.pages.flatMap((page) => page.jobs) ?? [];
  const at = rows.findIndex((row) => row.id === id);
  const open = (to: string | undefined) => {
    if (to === undefined) return;
    rememberChosen(to);
    // In place: Back leads to the list, and not through all jobs that were looked at.
    void navigate({ to: "/jobs/$id", params: { id: to }, replace: true });
  };
  const before = at < 0 ? undefined : rows[at - 1]?.id;
  const after = at < 0 ? undefined : rows[at + 1]?.id;
  useShortcuts({ j: () => open(after), k: () => open(before) });
  if (at < 0) return null;
  return (
    <nav className={styles["neighbours"]} aria-label="Jobs of the list">
      <span className="numbers">
        {(at + 1).toLocaleString("en")} of {rows.length.toLocaleString("en")}
        {hasNextPage && "+"}
      </span>
      <Tooltip label="Previous in the list (k)">
        <Button
          variant="default"
          size="compact-sm"
          aria-label="Previous job"
          aria-disabled={before === undefined}
          data-disabled={before === undefined}
          onClick={() => open(before)}
        >
          <IconChevronLeft size={16} aria-hidden />
        </Button>
      </Tooltip>
      <Tooltip label="Next in the list (j)">
        <Button
          variant="default"
          size="compact-sm"
          aria-label="Next job"
          aria-disabled={after === undefined}
          data-disabled={after === undefined}
          onClick={() => open(after)}
        >
          <IconChevronRight size={16} aria-hidden />
        </Button>
      </Tooltip>
    </nav>
  );
}
