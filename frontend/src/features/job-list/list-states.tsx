import { Button, Skeleton } from "@mantine/core";
import { IconInbox } from "@tabler/icons-react";
import { BASE_PATH } from "@/api/base-path";
import { CodeLine } from "@/components/code-line";
import { NoMatch } from "@/components/no-match";
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

export function NoJobMatches({ onClear }: { onClear: () => void }) {
  return (
    <NoMatch title="No job matches these filters" onClear={onClear}>
      <p>Try other words, another status or another flow.</p>
    </NoMatch>
  );
}

export function UnreadableSearch({ onClear }: { onClear: () => void }) {
  return (
    <NoMatch title="This search is not valid" onClear={onClear}>
      <p>The error is below the search field. Press ? for the search syntax.</p>
    </NoMatch>
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
