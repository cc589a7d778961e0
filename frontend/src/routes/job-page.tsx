import { IconFileUnknown } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { NeedsRight } from "@/access/needs-right";
import { ApiError, messageOf } from "@/api/errors";
import { jobQuery } from "@/api/jobs";
import type { Job } from "@/api/model";
import { LoadingPage } from "@/components/loading-page";
import { NotLoaded } from "@/components/not-loaded";
import { Notice } from "@/components/notice";
import { CallbacksUnknown, JobCallbacks } from "@/features/callbacks/job-callbacks";
import { LateResults } from "@/features/callbacks/late-results";
import { useJobCallbacks } from "@/features/callbacks/use-job-callbacks";
import { JobDetail } from "@/features/job-detail/job-detail";
import { Neighbours } from "@/features/job-list/neighbours";
import { JobDeliveries } from "@/features/webhooks/job-deliveries";
import { lastList } from "@/lib/last-list";
import { statusLabel } from "@/lib/status";
import { useTitle } from "./use-title";

export function JobPage() {
  return (
    <NeedsRight right="read" title="You may not see jobs">
      <OneJob />
    </NeedsRight>
  );
}

function OneJob() {
  const { id } = useParams({ from: "/jobs/$id" });
  const query = useQuery(jobQuery(id));
  // The status in the title, to wait for a job from another tab.
  useTitle(
    query.data === undefined ? "Job" : `${statusLabel(query.data.status)} · ${id}`,
    query.data?.status === "FAILED",
  );

  if (query.isPending) return <LoadingPage what="the job" heights={[180, 240]} />;
  const gone = query.error instanceof ApiError && query.error.status === 404;
  if (gone) {
    return (
      <Notice isPage icon={IconFileUnknown} title="Job not found">
        <p>It was deleted by a person or after the retention time, or it never existed.</p>
        <Link to="/" search={lastList()}>
          Go to the list of jobs
        </Link>
      </Notice>
    );
  }
  if (query.data === undefined) {
    return (
      <NotLoaded isPage what="The job" why={messageOf(query.error)} onRetry={() => void query.refetch()} />
    );
  }
  // The key resets dialogs and tabs for another job.
  return <Loaded key={id} job={query.data} />;
}

function Loaded({ job }: { job: Job }) {
  const query = useJobCallbacks(job);
  const callbacks = query.data ?? [];
  return (
    <JobDetail
      job={job}
      places={<Neighbours id={job.id} />}
      news={<LateResults job={job} callbacks={callbacks} />}
      callbacks={
        <>
          {query.isError && query.data === undefined ? (
            <CallbacksUnknown why={messageOf(query.error)} onRetry={() => void query.refetch()} />
          ) : (
            <JobCallbacks job={job} callbacks={callbacks} />
          )}
          <JobDeliveries job={job} />
        </>
      }
    />
  );
}
