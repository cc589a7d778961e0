import { Button, CloseButton, Drawer, Tooltip } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
import { useKeptOpen } from "@/access/access-context";
import type { JobFilter } from "@/api/job-rows";
import { CopyButton } from "@/components/copy-button";
import { useDialogShortcuts } from "@/lib/shortcuts";
import styles from "./peek-drawer.module.css";
import { PlaceInList } from "./place-in-list";
import { useNeighbours } from "./use-neighbours";

interface Props {
  opened: boolean;
  /** The job that is shown, or was shown last. */
  id: string;
  /** There is no such job: nothing to open. */
  missing: boolean;
  filter: JobFilter;
  onMove: (id: string) => void;
  onClose: () => void;
  children: ReactNode;
}

/** A job beside the list it is in, where j and k lead to the next and the previous one. */
export function PeekDrawer({ opened, id, missing, filter, onMove, onClose, children }: Props) {
  const navigate = useNavigate();
  const dialog = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const place = useNeighbours(filter, id);
  const close = useKeptOpen(onClose);
  const move = (to: string | undefined) => {
    if (to !== undefined) onMove(to);
  };

  const openWhole = ({ target }: KeyboardEvent) => {
    if (target === content.current && !missing) void navigate({ to: "/jobs/$id", params: { id } });
  };

  // What had the focus may have gone with the job before; the next one is read from its beginning.
  const shown = useRef(id);
  useEffect(() => {
    if (shown.current === id) return;
    shown.current = id;
    content.current?.scrollIntoView({ block: "end" });
    if (dialog.current?.contains(document.activeElement) !== true)
      content.current?.focus({ preventScroll: true });
  }, [id]);

  useDialogShortcuts(dialog, {
    j: () => move(place?.after),
    k: () => move(place?.before),
    p: close,
    Escape: close,
    // As in the list; on a button or link it means that one.
    Enter: openWhole,
  });

  return (
    <Drawer.Root
      opened={opened}
      onClose={close}
      position="right"
      size="min(100%, 720px)"
      // Menus and dialogs in it close by Escape first.
      closeOnEscape={false}
      // The row of the job that was shown last has it then.
      returnFocus={false}
    >
      <Drawer.Overlay backgroundOpacity={0.12} />
      <Drawer.Content ref={dialog}>
        <Drawer.Header role="presentation" className={styles["header"]}>
          {place === null ? (
            <span className={styles["apart"]}>This job is not in the list</span>
          ) : (
            <PlaceInList place={place} onOpen={move} />
          )}
          <span className={styles["tools"]}>
            {!missing && (
              <Tooltip label="Open the job (Enter)">
                <Button
                  renderRoot={(props: object) => <Link {...props} to="/jobs/$id" params={{ id }} />}
                  variant="default"
                  size="compact-sm"
                  rightSection={<IconArrowRight size={14} aria-hidden />}
                >
                  Open
                </Button>
              </Tooltip>
            )}
            <Tooltip label="Close (Esc)">
              <CloseButton aria-label="Close" onClick={close} />
            </Tooltip>
          </span>
        </Drawer.Header>
        <Drawer.Body ref={content} tabIndex={-1} data-autofocus className={styles["body"]}>
          <div className={styles["identity"]}>
            <Drawer.Title className={styles["title"]}>
              <span className="visually-hidden">Job </span>
              <code>{id}</code>
            </Drawer.Title>
            <CopyButton text={id} what="the job's id" />
          </div>
          {children}
        </Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
