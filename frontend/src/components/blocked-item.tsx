import { Menu } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";
import styles from "./blocked-item.module.css";

interface Props {
  icon: TablerIcon;
  label: string;
  why: string;
}

/** What a menu cannot do now, and why. It stays focusable, so that keyboard users can read the reason. */
export function BlockedItem({ icon: Icon, label, why }: Props) {
  return (
    <Menu.Item
      aria-disabled
      className={styles["blocked"]}
      closeMenuOnClick={false}
      leftSection={<Icon size={16} aria-hidden />}
    >
      {label}
      <span className={styles["why"]}>{why}</span>
    </Menu.Item>
  );
}
