import { notifications } from "@mantine/notifications";
import {
  IconArrowRight,
  IconBookmark,
  IconChartBar,
  IconKey,
  IconKeyboard,
  IconListDetails,
  IconListSearch,
  IconLogout,
  IconMessageReply,
  IconMoon,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlus,
  IconRoute,
  IconSearch,
  IconStack2,
  IconSun,
  IconTable,
  IconUser,
  IconWebhook,
  type TablerIcon,
} from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useAccess, useSignOut, useWhyNot } from "@/access/access-context";
import { useOwnViews } from "@/access/own-views";
import { signsIn } from "@/access/words";
import { BASE_PATH } from "@/api/base-path";
import { messageOf } from "@/api/errors";
import { flowKeys, flowsQuery, pauseFlow, resumeFlow } from "@/api/flows";
import type { Flow } from "@/api/model";
import { lastList } from "@/lib/last-list";
import { useBlocked } from "@/live/use-blocked";
import { type Command, jobIdIn } from "./commands";

/** What the frame of the page does. */
export interface FrameActs {
  readonly onNewJob: () => void;
  readonly onSearch: () => void;
  readonly onHelp: () => void;
  readonly scheme: { readonly other: "dark" | "light"; readonly toggle: () => void };
}

const PAGES = [
  { to: "/overview", label: "Overview", also: "charts statistics over time", icon: IconChartBar },
  { to: "/flows", label: "Flows", also: "lanes workers", icon: IconRoute },
  { to: "/callbacks", label: "Callbacks", also: "inbox late results", icon: IconMessageReply },
  { to: "/batches", label: "Batches", also: "upload", icon: IconStack2 },
  { to: "/webhooks", label: "Webhooks", also: "endpoints deliveries", icon: IconWebhook },
] as const;
const PAGES_OF_ADMINS = [
  { to: "/keys", label: "API keys", also: "rights", icon: IconKey },
  { to: "/audit", label: "Audit", also: "who did what log", icon: IconListDetails },
] as const;

/** All commands that are possible now, for what was typed. */
export function useCommands(typed: string, acts: FrameActs): readonly Command[] {
  const { who } = useAccess();
  const pages = usePages(who !== null && signsIn(who));
  const ofJobs = useOfJobs(typed.trim(), acts);
  const flows = useOfFlows();
  const views = useViews();
  const leave = useLeave();
  const { other, toggle } = acts.scheme;
  return [
    ...ofJobs,
    ...views,
    ...pages,
    ...flows,
    doing("help", "Keyboard and search", IconKeyboard, acts.onHelp, {
      also: "help shortcuts",
      shortcut: "?",
    }),
    doing(
      "scheme",
      other === "dark" ? "Dark colours" : "Light colours",
      other === "dark" ? IconMoon : IconSun,
      toggle,
      { also: "theme mode scheme" },
    ),
    ...(who !== null && signsIn(who)
      ? [doing("leave", "Sign out", IconLogout, leave, { also: "log out" })]
      : []),
  ];
}

function doing(
  id: string,
  label: string,
  icon: TablerIcon,
  run: () => void,
  more: Partial<Command> = {},
): Command {
  return { id, group: "Other", label, icon, run, ...more };
}

function useOfJobs(typed: string, { onNewJob, onSearch }: FrameActs): Command[] {
  const navigate = useNavigate();
  const reads = useWhyNot("read") === null;
  const submits = useWhyNot("submit") === null;
  const id = jobIdIn(typed);
  const found: Command[] = [];
  if (reads && id !== null)
    found.push(
      doing("open-job", `Open the job ${id}`, IconArrowRight, () => go("/jobs/$id"), {
        group: "Jobs",
        there: "first",
      }),
    );
  if (submits) found.push(doing("new-job", "New job", IconPlus, onNewJob, { group: "Jobs", shortcut: "n" }));
  if (reads) {
    found.push(
      doing("search", "Search the jobs", IconListSearch, onSearch, {
        group: "Jobs",
        also: "find filter",
        shortcut: "/",
      }),
    );
    if (id === null)
      found.push(
        doing("search-for", `Search the jobs for “${typed}”`, IconSearch, () => go("/"), {
          group: "Jobs",
          there: "last",
        }),
      );
  }
  return found;

  function go(to: "/" | "/jobs/$id"): void {
    void (to === "/" ? navigate({ to, search: { q: typed } }) : navigate({ to, params: { id: id ?? "" } }));
  }
}

function usePages(person: boolean): Command[] {
  const navigate = useNavigate();
  const admin = useWhyNot("admin") === null;
  return [
    doing("/", "Jobs", IconTable, () => void navigate({ to: "/", search: lastList() }), {
      group: "Go to",
      also: "list",
    }),
    ...[...PAGES, ...(admin ? PAGES_OF_ADMINS : [])].map(({ to, label, also, icon }) =>
      doing(to, label, icon, () => void navigate({ to }), { group: "Go to", also }),
    ),
    ...(person
      ? [
          doing("/account", "My account", IconUser, () => void navigate({ to: "/account" }), {
            group: "Go to",
            also: "sessions",
          }),
        ]
      : []),
  ];
}

function useViews(): Command[] {
  const { history } = useRouter();
  const [views] = useOwnViews();
  return views.map(({ name, search }) =>
    doing(`view ${name}`, name, IconBookmark, () => history.push(`${BASE_PATH}/ui/${search}`), {
      group: "Saved views",
      also: "view",
    }),
  );
}

/** Only when typed: nobody wants to pause all of 50 flows, and one press of Enter must not pause the first. */
function useOfFlows(): Command[] {
  const queries = useQueryClient();
  const { state } = useAccess();
  const reads = useWhyNot("read") === null && state === "in";
  const blocked = useBlocked("operate") !== null;
  const flows = useQuery({ ...flowsQuery, enabled: reads }).data ?? [];
  if (blocked) return [];
  const act = async (flow: Flow, paused: boolean) => {
    try {
      await (paused ? resumeFlow(flow.name) : pauseFlow(flow.name, ""));
      notifications.show({
        color: "green",
        message: `The flow ${flow.name} is ${paused ? "resumed" : "paused"}.`,
      });
    } catch (error) {
      notifications.show({ color: "red", title: "The action failed", message: messageOf(error) });
    }
    await queries.invalidateQueries({ queryKey: flowKeys.flows });
  };
  return flows
    .filter(({ lane }) => lane.state !== "removed")
    .map((flow) => {
      const paused = flow.lane.state === "paused";
      return doing(
        `flow ${flow.name}`,
        `${paused ? "Resume" : "Pause"} the flow ${flow.name}`,
        paused ? IconPlayerPlay : IconPlayerPause,
        () => void act(flow, paused),
        { group: "Flows", there: "when typed" },
      );
    });
}

function useLeave(): () => void {
  const signOut = useSignOut();
  return () => {
    signOut(false).catch((error: unknown) =>
      notifications.show({ color: "red", title: "You are still signed in", message: messageOf(error) }),
    );
  };
}
