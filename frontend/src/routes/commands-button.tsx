import { Button, Kbd } from "@mantine/core";
import { COMMANDS_ARIA_KEYS, COMMANDS_KEYS } from "@/lib/shortcuts";
import styles from "./shell.module.css";

/** Narrower windows have it in the menu. */
export function CommandsButton({ onPoint, onOpen }: { onPoint: () => void; onOpen: () => void }) {
  return (
    <Button
      variant="default"
      visibleFrom="lg"
      className={styles["commands"]}
      aria-keyshortcuts={COMMANDS_ARIA_KEYS}
      onPointerEnter={onPoint}
      onClick={onOpen}
    >
      Commands
      <Kbd size="xs" aria-hidden>
        {COMMANDS_KEYS.join(" ")}
      </Kbd>
    </Button>
  );
}
