import { Button, Skeleton } from "@mantine/core";
import { IconFilterOff, IconInbox, IconPlugConnectedX } from "@tabler/icons-react";
import { BASE_PATH } from "@/api/base-path";
import { CodeLine } from "@/components/code-line";
import { Notice } from "@/components/notice";
import { useNewJob } from "@/lib/new-job";
import styles from "./job-list.module.css";

/** An empty list has a reason: no jobs, no match, a search that cannot be read, not loaded. */

export function NothingYet() {
  const curl = [
    `curl -X POST ${location.origin}${BASE_PATH}/jobs`,
    "-H 'content-type: application/json'",
    `-d '{"prompt": "Your task description here"}'`,
  ].join(" \\\n  ");
  return (
    <Notice icon={IconInbox} title="No jobs yet">
      <Button onClick={useNewJob()}>Create the first job</Button>
      <p>Or send it from a terminal:</p>
      <CodeLine code={curl} what="the command" />
    </Notice>
  );
}

export function NoMatch({ onClear }: { onClear: () => void }) {
  return (
    <Notice icon={IconFilterOff} title="No job matches these filters">
      <p>Try other words, another status or another flow.</p>
      <Button variant="default" onClick={onClear}>
        Clear all filters
      </Button>
    </Notice>
  );
}

export function UnreadableSearch({ onClear }: { onClear: () => void }) {
  return (
    <Notice icon={IconFilterOff} title="This search cannot be read">
      <p>What is wrong stands below the search field. Press ? for what a search may say.</p>
      <Button variant="default" onClick={onClear}>
        Clear all filters
      </Button>
    </Notice>
  );
}

export function CouldNotLoad({ why, onRetry }: { why: string; onRetry: () => void }) {
  return (
    <Notice icon={IconPlugConnectedX} title="The jobs could not be loaded" tone="bad">
      <p>{why}</p>
      <Button variant="default" onClick={onRetry}>
        Try again
      </Button>
    </Notice>
  );
}

const ROWS = ["62%", "48%", "71%", "40%", "55%", "66%", "35%", "58%"];

export function Loading() {
  return (
    <div role="status" aria-label="Loading jobs">
      {ROWS.map((width) => (
        <div key={width} className={styles["skeleton"]}>
          <Skeleton height={22} width={92} radius="xl" />
          <Skeleton height={12} width={width} />
        </div>
      ))}
    </div>
  );
}
