import { IconPlugConnectedX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { NeedsRight } from "@/access/needs-right";
import { messageOf } from "@/api/errors";
import { comparisonQuery } from "@/api/jobs";
import { LoadingPage } from "@/components/loading-page";
import { Notice } from "@/components/notice";
import { ComparisonView } from "@/features/compare/comparison-view";
import { useTitle } from "./use-title";

export function ComparePage() {
  useTitle("Compare");
  return (
    <NeedsRight right="read" title="You may not see jobs">
      <Compared />
    </NeedsRight>
  );
}

function Compared() {
  const { id, otherId } = useParams({ from: "/jobs/$id/compare/$otherId" });
  const query = useQuery(comparisonQuery(id, otherId));
  if (query.isPending) return <LoadingPage what="the comparison" heights={[320]} />;
  if (query.data === undefined) {
    return (
      <Notice isPage icon={IconPlugConnectedX} title="These jobs cannot be compared" tone="bad">
        <p>{messageOf(query.error)}</p>
        <Link to="/jobs/$id" params={{ id }}>
          Back to the job
        </Link>
      </Notice>
    );
  }
  return <ComparisonView comparison={query.data} />;
}
