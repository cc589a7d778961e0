import { Button } from "@mantine/core";
import { IconAlertTriangle, IconDownload } from "@tabler/icons-react";
import { exportHref } from "@/api/finding";
import type { JobFilter } from "@/api/job-rows";
import styles from "./list-tools.module.css";

interface Props {
  filter: JobFilter;
  failuresShown: boolean;
  onFailures: (shown: boolean) => void;
}

/** What can be done with all jobs of the list. */
export function ListTools({ filter, failuresShown, onFailures }: Props) {
  return (
    <div className={styles["tools"]}>
      <Button
        variant="subtle"
        color="gray"
        c="var(--ink-2)"
        size="compact-sm"
        leftSection={<IconAlertTriangle size={14} aria-hidden />}
        aria-expanded={failuresShown}
        onClick={() => onFailures(!failuresShown)}
      >
        Failures by error
      </Button>
      {(["ndjson", "csv"] as const).map((format) => (
        <Button
          key={format}
          component="a"
          href={exportHref(filter, format)}
          download
          variant="subtle"
          color="gray"
          c="var(--ink-2)"
          size="compact-sm"
          leftSection={<IconDownload size={14} aria-hidden />}
        >
          {format === "csv" ? "CSV" : "NDJSON"}
        </Button>
      ))}
    </div>
  );
}
