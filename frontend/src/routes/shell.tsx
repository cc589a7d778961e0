import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconKeyboard, IconPlus } from "@tabler/icons-react";
import { Link, Outlet, useLocation, useNavigate, useRouterState } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import { useAccess, useWhyNot } from "@/access/access-context";
import { Gate } from "@/access/gate";
import { BASE_PATH } from "@/api/base-path";
import { ErrorBoundary } from "@/components/error-boundary";
import { code, DialogLater, LoadedLater } from "@/components/loaded-later";
import { useDraft } from "@/lib/draft";
import { focusField, focusMain, isFocusLost, MAIN, SEARCH_FIELD } from "@/lib/focus";
import { lastList } from "@/lib/last-list";
import { NewJobContext } from "@/lib/new-job";
import { useCommandsKey, useShortcuts } from "@/lib/shortcuts";
import { useComplete } from "@/lib/use-complete";
import { useWatchedEnds } from "@/lib/watched-ends";
import { LiveLight } from "@/live/live-light";
import { ServerBanner } from "@/live/server-banner";
import { CommandsButton } from "./commands-button";
import { loadNextPages } from "./lazy-pages";
import { MainNav } from "./main-nav";
import { SchemeToggle, useScheme } from "./scheme-toggle";
import styles from "./shell.module.css";

const ACCOUNT_MENU = code(() => import("./account-menu").then((found) => found.AccountMenu));
// What is told before it is there is kept.
const NOTIFICATIONS = code(() => import("@mantine/notifications").then((found) => found.Notifications));
const NEW_JOB = code(() => import("@/features/new-job/new-job-dialog").then((found) => found.NewJobDialog));
const PALETTE = code(() => import("@/features/palette/palette").then((found) => found.Palette));
const END_NOTICES = code(() => import("./end-notices").then((found) => found.EndNotices));
const HELP_SHEET = code(() => import("@/features/help/help-sheet").then((found) => found.HelpSheet));

/** The frame of every page: header, banner and global shortcuts. */
export function Shell() {
  const [help, setHelp] = useState<"never" | "open" | "closed">("never");
  const [palette, setPalette] = useState<"never" | "open" | "closed">("never");
  const openPalette = useCallback(() => setPalette("open"), []);
  const scheme = useScheme();
  const navigate = useNavigate();
  // Kept as a draft is: it is open again after a reload, or when an identity provider sends one back.
  const [{ opened }, setNewJob] = useDraft("new-job-dialog", { opened: "" });
  const [newJobShown, setNewJobShown] = useState(false);
  const openNewJob = useCallback(() => setNewJob(() => ({ opened: "yes" })), [setNewJob]);
  const closeNewJob = useCallback(() => setNewJob(() => ({ opened: "" })), [setNewJob]);
  const { pathname } = useLocation();
  const atList = pathname === "/";
  const { state, who } = useAccess();
  const reads = useWhyNot("read") === null;
  const watched = useWatchedEnds();
  const inside = state !== "out";

  const complete = useComplete();
  useEffect(() => {
    if (complete && inside) loadNextPages([NEW_JOB, PALETTE]);
  }, [complete, inside]);

  useEffect(() => {
    if (opened !== "") setNewJobShown(true);
  }, [opened]);

  // Whoever signs in next did not open it.
  useEffect(() => {
    if (inside) return;
    setNewJobShown(false);
    setPalette("never");
    closeNewJob();
  }, [inside, closeNewJob]);

  const search = () => {
    if (!focusField(SEARCH_FIELD)) void navigate({ to: "/", search: lastList(), hash: SEARCH_FIELD });
  };

  const back = () => {
    if (!atList) void navigate({ to: "/", search: lastList() });
  };

  // The followed link is gone with its page: focus the new content, not the top of the window.
  const arrived = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const shown = useRef(arrived);
  useEffect(() => {
    if (shown.current !== undefined && shown.current !== arrived && isFocusLost()) focusMain();
    shown.current = arrived;
  }, [arrived]);

  useCommandsKey(() => {
    if (inside) openPalette();
  });
  useShortcuts(
    !inside
      ? {}
      : {
          "/": (event) => {
            event.preventDefault();
            search();
          },
          n: (event) => {
            event.preventDefault();
            openNewJob();
          },
          "?": () => setHelp("open"),
          Escape: back,
        },
  );

  return (
    <>
      <a className={styles["skip"]} href={`#${MAIN}`} data-noprint>
        Skip to the content
      </a>
      <header className={styles["header"]} data-noprint>
        <div className={styles["inside"]}>
          <Link to="/" className={styles["brand"]} aria-label="Job Processor, list of jobs">
            <img src={`${BASE_PATH}/ui/favicon.svg`} alt="" width={24} height={24} />
            <span className={styles["name"]}>Job Processor</span>
          </Link>
          {inside && <MainNav complete={complete} />}
          <div className={styles["tools"]}>
            {inside && reads && <LiveLight />}
            {inside && (
              <CommandsButton onPoint={() => void PALETTE.load().catch(() => {})} onOpen={openPalette} />
            )}
            {inside && (
              <Tooltip label="New job (n)" withinPortal={false}>
                <Button
                  className={styles["newJob"]}
                  aria-label="New job"
                  onPointerEnter={() => void NEW_JOB.load().catch(() => {})}
                  onClick={openNewJob}
                >
                  <IconPlus size={17} aria-hidden />
                  <span className={styles["newJobWord"]}>New job</span>
                </Button>
              </Tooltip>
            )}
            {inside && (
              <Tooltip label="Keyboard (?)">
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  c="var(--ink-2)"
                  size="lg"
                  aria-label="Keyboard and search"
                  visibleFrom="sm"
                  onClick={() => setHelp("open")}
                >
                  <IconKeyboard size={19} aria-hidden />
                </ActionIcon>
              </Tooltip>
            )}
            <div className={styles["scheme"]} data-in-menu={(inside && who !== null) || undefined}>
              <SchemeToggle />
            </div>
            {inside &&
              who !== null &&
              (complete ? (
                <LoadedLater
                  of={ACCOUNT_MENU}
                  props={{ who, onCommands: openPalette }}
                  place={<span className={styles["menuPlace"]} />}
                />
              ) : (
                <span className={styles["menuPlace"]} />
              ))}
          </div>
        </div>
      </header>
      <ServerBanner />
      <main id={MAIN} className={styles["main"]} tabIndex={-1}>
        <ErrorBoundary title="This page cannot be shown" resetKey={pathname}>
          <NewJobContext value={openNewJob}>
            <Gate>
              <Outlet />
            </Gate>
          </NewJobContext>
        </ErrorBoundary>
      </main>
      {complete && <LoadedLater of={NOTIFICATIONS} props={{ position: "bottom-right" }} />}
      {inside && reads && watched.length > 0 && <LoadedLater of={END_NOTICES} props={{}} />}
      {inside && newJobShown && (
        <DialogLater of={NEW_JOB} props={{ opened: opened !== "", onClose: closeNewJob }} />
      )}
      {inside && palette !== "never" && (
        <DialogLater
          of={PALETTE}
          props={{
            opened: palette === "open",
            onClose: () => setPalette("closed"),
            acts: { onNewJob: openNewJob, onSearch: search, onHelp: () => setHelp("open"), scheme },
          }}
        />
      )}
      {help !== "never" && (
        <DialogLater of={HELP_SHEET} props={{ opened: help === "open", onClose: () => setHelp("closed") }} />
      )}
    </>
  );
}
