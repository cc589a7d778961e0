import { IconFileUnknown } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { NeedsRight } from "@/access/needs-right";
import { batchQuery } from "@/api/batches";
import { ApiError, messageOf } from "@/api/errors";
import { LoadingPage } from "@/components/loading-page";
import { NotLoaded } from "@/components/not-loaded";
import { Notice } from "@/components/notice";
import { BatchView } from "@/features/batches/batch-view";
import { doneOf, number } from "@/features/batches/batch-words";
import { useTitle } from "./use-title";

export function BatchPage() {
  return (
    <NeedsRight right="read" title="You may not see batches">
      <OneBatch />
    </NeedsRight>
  );
}

function OneBatch() {
  const { id } = useParams({ from: "/batches/$id" });
  const query = useQuery(batchQuery(id));
  const batch = query.data;
  // How far it is in the title, to wait for it from another tab.
  useTitle(
    batch === undefined ? "Batch" : `${number(doneOf(batch))} of ${number(batch.jobs)} · ${batch.name ?? id}`,
  );
  if (query.isPending) return <LoadingPage what="the batch" heights={[140]} />;
  if (query.error instanceof ApiError && query.error.status === 404) {
    return (
      <Notice isPage icon={IconFileUnknown} title="Batch not found">
        <p>It was deleted after its retention time, or it never existed.</p>
        <Link to="/batches">Go to the list of batches</Link>
      </Notice>
    );
  }
  if (batch === undefined) {
    return (
      <NotLoaded isPage what="The batch" why={messageOf(query.error)} onRetry={() => void query.refetch()} />
    );
  }
  return <BatchView batch={batch} />;
}
