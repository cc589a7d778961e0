import { Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconBookmark, IconBookmarkPlus, IconCheck, IconLink, IconPencil } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useOwnViews } from "@/access/own-views";
import { BASE_PATH } from "@/api/base-path";
import type { JobFilter } from "@/api/job-rows";
import { BlockedItem } from "@/components/blocked-item";
import { copyText } from "@/lib/clipboard";
import { parseSearch, stringifySearch } from "@/lib/search-params";
import { SaveViewDialog } from "./save-view-dialog";
import { readSearch, toSearch } from "./search";
import { ToolButton } from "./tool-button";
import styles from "./views.module.css";
import { ViewsDialog } from "./views-dialog";

/** Filters of the list under a name, and the link to the one that is shown. */
export function ViewsMenu({ filter }: { filter: JobFilter }) {
  const [views, change] = useOwnViews();
  const [dialog, setDialog] = useState<"save" | "change" | null>(null);
  const target = useRef<HTMLButtonElement>(null);
  // The item that opened the dialog is gone with its menu: it cannot have the focus again.
  const close = () => {
    target.current?.focus();
    setDialog(null);
  };
  const here = stringifySearch(toSearch(filter));
  const shown = views.find(({ search }) => search === here);
  const copy = async () => {
    const done = await copyText(`${location.origin}${BASE_PATH}/ui/${here}`);
    notifications.show(
      done
        ? { message: "Link: copied" }
        : { color: "red", title: "Not copied", message: "The browser does not allow copying here." },
    );
  };
  return (
    <>
      <Menu withInitialFocusPlaceholder={false} position="bottom-start" width={280}>
        <Menu.Target>
          <ToolButton ref={target} icon={IconBookmark}>
            {shown === undefined ? "Views" : <bdi className={styles["shown"]}>{shown.name}</bdi>}
          </ToolButton>
        </Menu.Target>
        <Menu.Dropdown className={styles["dropdown"]}>
          {views.map(({ name, search }) => (
            <Menu.Item
              key={name}
              renderRoot={(props: object) => (
                <Link
                  {...props}
                  to="/"
                  search={readSearch(parseSearch(search))}
                  activeOptions={{ exact: true }}
                />
              )}
              aria-current={search === here ? "page" : undefined}
              leftSection={<IconBookmark size={16} aria-hidden />}
              rightSection={search === here ? <IconCheck size={16} aria-hidden /> : undefined}
            >
              <bdi>{name}</bdi>
            </Menu.Item>
          ))}
          {views.length > 0 && <Menu.Divider />}
          {here === "" ? (
            <BlockedItem
              icon={IconBookmarkPlus}
              label="Save this view…"
              why="Choose a filter or search first."
            />
          ) : (
            <Menu.Item
              leftSection={<IconBookmarkPlus size={16} aria-hidden />}
              onClick={() => setDialog("save")}
            >
              Save this view…
            </Menu.Item>
          )}
          {views.length > 0 && (
            <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={() => setDialog("change")}>
              Rename or delete…
            </Menu.Item>
          )}
          <Menu.Item leftSection={<IconLink size={16} aria-hidden />} onClick={() => void copy()}>
            Copy link
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <SaveViewDialog
        opened={dialog === "save"}
        onClose={close}
        search={here}
        views={views}
        onChange={change}
      />
      <ViewsDialog opened={dialog === "change"} onClose={close} views={views} onChange={change} />
    </>
  );
}
