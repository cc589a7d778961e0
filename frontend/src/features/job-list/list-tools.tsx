import { IconDownload, IconStack2 } from "@tabler/icons-react";
import { useState } from "react";
import type { JobFilter } from "@/api/job-rows";
import { code, DialogLater, LoadedLater } from "@/components/loaded-later";
import { useComplete } from "@/lib/use-complete";
import styles from "./list-tools.module.css";
import { ToolButton } from "./tool-button";

// Menus come after the rows, on a slow line seconds later.
const VIEWS_MENU = code(() => import("./views-menu").then((found) => found.ViewsMenu));
const EXPORT = code(() => import("./export-dialog").then((found) => found.ExportDialog));
const LOOK_MENU = code(() => import("./look-menu").then((found) => found.LookMenu));

interface Props {
  filter: JobFilter;
  /** Whether the jobs are shown as cards. */
  narrow: boolean;
  groupsShown: boolean;
  onGroups: (shown: boolean) => void;
}

/** What can be done with all jobs of the list. */
export function ListTools({ filter, narrow, groupsShown, onGroups }: Props) {
  const complete = useComplete();
  const [dialog, setDialog] = useState<"never" | "open" | "closed">("never");
  const place = <span className={styles["viewsPlace"]} />;
  return (
    <div className={styles["tools"]}>
      {complete ? <LoadedLater of={VIEWS_MENU} props={{ filter }} place={place} /> : place}
      {/* Cards have neither columns nor a density. */}
      {!narrow && (
        <span className={styles["lookPlace"]}>{complete && <LoadedLater of={LOOK_MENU} props={{}} />}</span>
      )}
      <ToolButton icon={IconStack2} aria-expanded={groupsShown} onClick={() => onGroups(!groupsShown)}>
        Groups
      </ToolButton>
      <ToolButton icon={IconDownload} aria-haspopup="dialog" onClick={() => setDialog("open")}>
        Export
      </ToolButton>
      {dialog !== "never" && (
        <DialogLater
          of={EXPORT}
          props={{ filter, opened: dialog === "open", onClose: () => setDialog("closed") }}
        />
      )}
    </div>
  );
}
