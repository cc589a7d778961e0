import { ActionIcon, Menu } from "@mantine/core";
import { IconLogout, IconUserCircle } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { BASE_PATH } from "@/api/base-path";
import { signOut } from "@/api/session";
import { useWho } from "./who";

/** Who one is, and signing out; nothing where the server has no login. */
export function AccountMenu() {
  const who = useWho();
  const queries = useQueryClient();
  if (who === null || who.auth !== "keys") return null;
  const leave = async (everywhere: boolean) => {
    await signOut(everywhere);
    // A fresh page: nothing that was read stays in memory.
    queries.clear();
    location.assign(`${BASE_PATH}/ui/`);
  };
  const flows = who.flows === null ? "all flows" : who.flows.join(", ");
  return (
    <Menu position="bottom-end" width={260}>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="var(--ink-2)"
          size="lg"
          aria-label={`Signed in as ${who.name}`}
          data-account
        >
          <IconUserCircle size={19} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {who.name}: {who.rights.join(", ")}; {flows}
        </Menu.Label>
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void leave(false)}>
          Sign out
        </Menu.Item>
        <Menu.Item onClick={() => void leave(true)}>Sign out everywhere</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
