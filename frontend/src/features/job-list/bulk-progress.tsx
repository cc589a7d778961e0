import { Button, CloseButton, Progress } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useWhyNot } from "@/access/access-context";
import { abortBulkAction, bulkKey, isOpen } from "@/api/bulk-actions";
import { messageOf } from "@/api/errors";
import type { BulkAction } from "@/api/model";
import { focusMain } from "@/lib/focus";
import styles from "./bulk.module.css";
import { BULK_WORDS, handled, inFigures, jobs, outcomeOf, progressOf, wordsForWait } from "./bulk-words";

interface Props {
  action: BulkAction;
  /** It was started here just now: the dialog that had the focus is gone. */
  takesFocus: boolean;
  onDismiss: () => void;
}

/** How far a bulk action is, and what became of it. */
export function BulkProgress({ action, takesFocus, onDismiss }: Props) {
  const queries = useQueryClient();
  const box = useRef<HTMLElement>(null);
  const mayNot = useWhyNot("operate") !== null;
  const words = BULK_WORDS[action.action];
  const open = isOpen(action);
  const done = handled(action);
  const total = Math.max(action.matched, done);
  const abort = useMutation({
    mutationFn: () => abortBulkAction(action.id),
    onSettled: () => queries.invalidateQueries({ queryKey: bulkKey }),
    onError: (error) =>
      notifications.show({
        color: "red",
        title: "The bulk action was not aborted",
        message: messageOf(error),
      }),
  });

  useEffect(() => {
    if (takesFocus) box.current?.focus();
  }, [takesFocus]);

  const title = open
    ? `${words.doing} ${jobs(action.matched, action.more)}`
    : action.status === "ABORTED"
      ? `${words.verb} aborted`
      : `${words.verb} done`;
  return (
    <section
      ref={box}
      tabIndex={-1}
      className={styles["progress"]}
      aria-label={title}
      data-status={action.status}
    >
      <div className={styles["head"]}>
        <strong>{title}</strong>
        {open ? (
          <Button
            size="compact-sm"
            variant="default"
            disabled={mayNot || action.status === "ABORTING"}
            loading={abort.isPending}
            onClick={() => abort.mutate()}
          >
            {action.status === "ABORTING" ? "Aborting…" : "Abort"}
          </Button>
        ) : (
          <CloseButton
            size="sm"
            aria-label="Dismiss"
            onClick={() => {
              onDismiss();
              focusMain();
            }}
          />
        )}
      </div>
      {open && (
        <Progress
          value={total === 0 ? 0 : (100 * done) / total}
          aria-label={`${words.doing}: ${inFigures(done)} of ${inFigures(total)}`}
        />
      )}
      <p className={styles["outcome"]}>{open ? progressOf(action) : outcomeOf(action)}</p>
      {action.waitsFor !== null && <p className={styles["waits"]}>{wordsForWait(action.waitsFor)}</p>}
      <p className="visually-hidden" role="status">
        {open ? "" : `${title}: ${outcomeOf(action)}`}
      </p>
    </section>
  );
}
