import { Skeleton } from "@mantine/core";
import { IconStack2, IconUpload } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useWhyNot } from "@/access/access-context";
import { batchesQuery } from "@/api/batches";
import { messageOf } from "@/api/errors";
import type { Batch } from "@/api/model";
import { ActionButton } from "@/components/action-button";
import { Card } from "@/components/card";
import { CodeLine } from "@/components/code-line";
import { NextPage } from "@/components/load-more";
import { NotLoaded } from "@/components/not-loaded";
import { Notice } from "@/components/notice";
import { PageFrame } from "@/components/page-frame";
import { VisibleText } from "@/components/result/visible-text";
import { RowTop } from "@/components/row-top";
import { Rows } from "@/components/rows";
import { Age } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import { hasDraft } from "@/lib/draft";
import { useBlocked } from "@/live/use-blocked";
import { BatchProgress } from "./batch-progress";
import { lookOf } from "./batch-words";
import styles from "./batches.module.css";
import { UploadDialog } from "./upload-dialog";
import { UPLOAD } from "./upload-form";

const LOOKS_AGAIN_EVERY_MS = 5_000;

export function BatchesView() {
  const why = useWhyNot("submit");
  // Open again after a reload, with what was filled in.
  const [uploading, setUploading] = useState(() => why === null && hasDraft(UPLOAD));
  const blocked = useBlocked("submit");
  const navigate = useNavigate();
  return (
    <PageFrame
      title="Batches"
      about="A batch is up to 10,000 jobs that are submitted together, as a file with one job on each line."
      action={
        <ActionButton
          label="Submit a file…"
          icon={IconUpload}
          blocked={blocked}
          onAct={() => setUploading(true)}
        />
      }
    >
      <Card label="Batches">
        <Batches />
      </Card>
      <UploadDialog
        opened={uploading}
        onClose={() => setUploading(false)}
        onDone={(batch) => void navigate({ to: "/batches/$id", params: { id: batch.id } })}
      />
    </PageFrame>
  );
}

function Batches() {
  const query = useInfiniteQuery({ ...batchesQuery, refetchInterval: LOOKS_AGAIN_EVERY_MS });
  if (query.isPending) return <Skeleton height={180} role="status" aria-label="Loading the batches" />;
  if (query.data === undefined) {
    return <NotLoaded what="The batches" why={messageOf(query.error)} onRetry={() => void query.refetch()} />;
  }
  const batches = query.data.pages.flatMap((page) => page.batches);
  if (batches.length === 0) {
    return (
      <Notice icon={IconStack2} title="No batch yet">
        <p>Submit a file with one JSON object on each line, such as:</p>
        <CodeLine code={'{"customId": "1", "prompt": "Summarise …"}'} what="the example" />
      </Notice>
    );
  }
  return (
    <>
      <Rows label="Batches, newest first">
        {batches.map((batch) => (
          <Row key={batch.id} batch={batch} />
        ))}
      </Rows>
      <NextPage query={query} why={messageOf(query.error)} />
    </>
  );
}

function Row({ batch }: { batch: Batch }) {
  const { label, icon, tone } = lookOf(batch);
  return (
    <li className={styles["row"]} data-batch={batch.id}>
      <RowTop
        heading="h2"
        name={
          <Link to="/batches/$id" params={{ id: batch.id }}>
            {batch.name === null ? batch.id : <VisibleText text={batch.name} />}
          </Link>
        }
      >
        <ToneBadge tone={tone} icon={icon}>
          {label}
        </ToneBadge>
        <span className={styles["when"]}>
          <Age at={batch.createdAt} />
        </span>
      </RowTop>
      <BatchProgress batch={batch} />
    </li>
  );
}
