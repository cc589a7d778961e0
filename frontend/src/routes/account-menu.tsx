import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import {
  IconChevronDown,
  IconCommand,
  IconDots,
  IconKey,
  IconListDetails,
  IconLogout,
  IconMoon,
  IconStack2,
  IconSun,
  IconUser,
  IconWebhook,
  type TablerIcon,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useSignOut, useWhyNot } from "@/access/access-context";
import { nameOf, signsIn } from "@/access/words";
import { messageOf } from "@/api/errors";
import type { Session } from "@/api/model";
import { BlockedItem } from "@/components/blocked-item";
import styles from "./account-menu.module.css";
import { useScheme } from "./scheme-toggle";

/** Links that the header has no room for on narrow screens. */
const PAGES_OF_THE_HEADER = [
  { to: "/batches", label: "Batches", icon: IconStack2 },
  { to: "/webhooks", label: "Webhooks", icon: IconWebhook },
] as const;

/**
 * Who one is, what belongs to that, and the pages for which the header has no room. Where nobody signs in it only leads
 * to those.
 */
export function AccountMenu({ who, onCommands }: { who: Session; onCommands: () => void }) {
  const person = signsIn(who);
  return (
    <Menu withInitialFocusPlaceholder={false} position="bottom-end" width={264}>
      {person ? (
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            c="var(--ink)"
            className={styles["who"]}
            aria-label={`Signed in as ${nameOf(who)}`}
            leftSection={<IconUser size={18} aria-hidden />}
            rightSection={<IconChevronDown size={14} aria-hidden />}
          >
            <span className={styles["name"]}>{nameOf(who)}</span>
          </Button>
        </Menu.Target>
      ) : (
        <More />
      )}
      <Menu.Dropdown>
        {person && <Person who={who} />}
        <Menu.Item hiddenFrom="lg" leftSection={<IconCommand size={16} aria-hidden />} onClick={onCommands}>
          Commands
        </Menu.Item>
        {PAGES_OF_THE_HEADER.map(({ to, label, icon: Icon }) => (
          <Menu.Item
            key={to}
            component={Link}
            to={to}
            hiddenFrom="md"
            leftSection={<Icon size={16} aria-hidden />}
          >
            {label}
          </Menu.Item>
        ))}
        <Place to="/keys" label="API keys" icon={IconKey} />
        <Place to="/audit" label="Audit" icon={IconListDetails} />
        <Scheme />
        {person && <SignOut />}
      </Menu.Dropdown>
    </Menu>
  );
}

function More() {
  return (
    <Tooltip label="More">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" c="var(--ink-2)" size="lg" aria-label="More">
          <IconDots size={19} aria-hidden />
        </ActionIcon>
      </Menu.Target>
    </Tooltip>
  );
}

function Person({ who }: { who: Session }) {
  return (
    <>
      <div className={styles["person"]}>
        <strong>{nameOf(who)}</strong>
        <span>
          {who.kind === "key" ? "API key" : "Signed in"} · {who.rights.join(", ")}
        </span>
      </div>
      <Menu.Divider />
      <Menu.Item component={Link} to="/account" leftSection={<IconUser size={16} aria-hidden />}>
        My account
      </Menu.Item>
    </>
  );
}

/** A page for administrators; for others it says why not. */
function Place({ to, label, icon: Icon }: { to: "/keys" | "/audit"; label: string; icon: TablerIcon }) {
  const why = useWhyNot("admin");
  if (why !== null) return <BlockedItem icon={Icon} label={label} why={why} />;
  return (
    <Menu.Item component={Link} to={to} leftSection={<Icon size={16} aria-hidden />}>
      {label}
    </Menu.Item>
  );
}

/** On narrow screens the header has no room for it. */
function Scheme() {
  const { other, toggle } = useScheme();
  const Icon = other === "dark" ? IconMoon : IconSun;
  return (
    <Menu.Item hiddenFrom="sm" leftSection={<Icon size={16} aria-hidden />} onClick={toggle}>
      {other === "dark" ? "Dark colours" : "Light colours"}
    </Menu.Item>
  );
}

function SignOut() {
  const signOut = useSignOut();
  const leave = () =>
    signOut(false).catch((error: unknown) =>
      notifications.show({ color: "red", title: "You are still signed in", message: messageOf(error) }),
    );
  return (
    <>
      <Menu.Divider />
      <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void leave()}>
        Sign out
      </Menu.Item>
    </>
  );
}
