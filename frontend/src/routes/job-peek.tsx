import { Button, Skeleton } from "@mantine/core";
import { IconFileUnknown } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { ApiError, messageOf } from "@/api/errors";
import type { JobFilter } from "@/api/job-rows";
import { jobQuery } from "@/api/jobs";
import type { Job } from "@/api/model";
import { Notice } from "@/components/notice";
import { LateResults } from "@/features/callbacks/late-results";
import { useJobCallbacks } from "@/features/callbacks/use-job-callbacks";
import { JobPeek } from "@/features/job-detail/job-peek";
import { PeekDrawer } from "@/features/job-list/peek-drawer";
import styles from "./job-peek.module.css";

interface Props {
  opened: boolean;
  /** Null: none is peeked at any more. */
  id: string | null;
  filter: JobFilter;
  onMove: (id: string) => void;
  onClose: () => void;
}

export function JobPeekDrawer({ id, ...drawer }: Props) {
  // It is still shown while the drawer closes.
  const last = useRef("");
  useEffect(() => {
    if (id !== null) last.current = id;
  }, [id]);
  const shown = id ?? last.current;
  const query = useQuery({ ...jobQuery(shown), enabled: shown !== "" });
  return (
    <PeekDrawer {...drawer} id={shown} missing={isMissing(query.error)}>
      {shown !== "" && <OneJob key={shown} id={shown} />}
    </PeekDrawer>
  );
}

function isMissing(error: Error | null): boolean {
  return error instanceof ApiError && error.status === 404;
}

function OneJob({ id }: { id: string }) {
  const query = useQuery(jobQuery(id));
  if (query.isPending) {
    return (
      <div className={styles["pending"]} role="status" aria-label="Loading the job">
        <Skeleton height={32} width={140} />
        <Skeleton height={120} />
        <Skeleton height={200} />
      </div>
    );
  }
  if (isMissing(query.error)) {
    return (
      <div role="status">
        <Notice icon={IconFileUnknown} title="Job not found">
          <p>It was deleted, or it never existed.</p>
        </Notice>
      </div>
    );
  }
  if (query.data === undefined) {
    return (
      <div role="alert">
        <p>The job could not be loaded. {messageOf(query.error)}</p>
        <Button variant="default" mt="sm" onClick={() => void query.refetch()}>
          Try again
        </Button>
      </div>
    );
  }
  return <Loaded job={query.data} />;
}

function Loaded({ job }: { job: Job }) {
  const callbacks = useJobCallbacks(job).data ?? [];
  return <JobPeek job={job} news={<LateResults job={job} callbacks={callbacks} />} />;
}
