import { Skeleton } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { messageOf } from "@/api/errors";
import { comparisonQuery } from "@/api/jobs";
import { Notice } from "@/components/notice";
import { ComparisonView } from "@/features/compare/comparison-view";
import { useTitle } from "./use-title";

export function ComparePage() {
  useTitle("Compare");
  const { id, otherId } = useParams({ from: "/jobs/$id/compare/$otherId" });
  const query = useQuery(comparisonQuery(id, otherId));
  if (query.isPending) return <Skeleton height={320} />;
  if (query.data === undefined) {
    return (
      <Notice icon={IconPlugConnectedX} title="These jobs cannot be compared" tone="bad">
        <p>{messageOf(query.error)}</p>
        <Link to="/jobs/$id" params={{ id }}>
          Back to the job
        </Link>
      </Notice>
    );
  }
  return <ComparisonView comparison={query.data} />;
}
