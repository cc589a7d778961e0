import { Button, Loader } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type BulkRequest, bulkActionsQuery, bulkKey, startBulkAction } from "@/api/bulk-actions";
import { messageOf } from "@/api/errors";
import type { JobFilter } from "@/api/job-rows";
import type { BulkAction, BulkCount, BulkKind } from "@/api/model";
import { useSendKey } from "@/lib/use-send-key";
import styles from "./bulk.module.css";
import { BulkDialog } from "./bulk-dialog";
import { BULK_KINDS, BULK_WORDS, jobs } from "./bulk-words";

interface Props {
  filter: JobFilter;
  /** The jobs that are selected: all that match; "counting" before their number is known, null if none are. */
  selected: BulkCount | "counting" | null;
  onStarted: (action: BulkAction) => void;
}

/** What can be done with all jobs that match. */
export function BulkBar({ filter, selected, onStarted }: Props) {
  const queries = useQueryClient();
  const [kind, setKind] = useState<BulkKind>("retry");
  const [asking, setAsking] = useState(false);
  const key = useSendKey();
  const starting = useMutation({
    mutationFn: (request: BulkRequest) => startBulkAction(filter, request, key.of({ filter, request })),
    onSuccess: (action) => {
      key.done();
      queries.setQueryData(bulkActionsQuery.queryKey, (before) => [action, ...(before ?? [])]);
      setAsking(false);
      onStarted(action);
      void queries.invalidateQueries({ queryKey: bulkKey });
    },
    onError: (error) => {
      notifications.show({ color: "red", title: "Nothing was started", message: messageOf(error) });
    },
  });
  const matched = selected === "counting" ? null : selected;
  return (
    <>
      {selected !== null && (
        <section className={styles["bar"]} aria-label="Selected jobs">
          {matched === null ? (
            <span className={styles["count"]}>
              <Loader size={13} aria-hidden /> Counting…
            </span>
          ) : (
            <>
              <span className={styles["count"]} role="status">
                {jobs(matched.count, matched.more)} selected
              </span>
              {BULK_KINDS.map((one) => (
                <Button
                  key={one}
                  size="compact-sm"
                  variant="default"
                  disabled={matched.count === 0}
                  onClick={() => {
                    setKind(one);
                    setAsking(true);
                  }}
                >
                  {BULK_WORDS[one].verb}
                </Button>
              ))}
            </>
          )}
        </section>
      )}
      <BulkDialog
        opened={asking}
        kind={kind}
        matched={matched ?? { count: 0, more: false }}
        busy={starting.isPending}
        onStart={(request) => starting.mutate(request)}
        onClose={() => setAsking(false)}
      />
    </>
  );
}
