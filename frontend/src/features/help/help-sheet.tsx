import { Kbd, Modal, Switch } from "@mantine/core";
import { useState } from "react";
import { enableShortcuts, shortcutsEnabled } from "@/lib/shortcuts";
import styles from "./help-sheet.module.css";

const KEYS: readonly (readonly [string, readonly string[]])[] = [
  ["Search", ["/"]],
  ["New job", ["n"]],
  ["Next job in the list", ["j"]],
  ["Previous job in the list", ["k"]],
  ["Open the selected job", ["Enter"]],
  ["Deselect, go back, close", ["Esc"]],
  ["Create the job in the form", ["Ctrl / ⌘", "Enter"]],
  ["This help", ["?"]],
];

export function HelpSheet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [enabled, setEnabled] = useState(shortcutsEnabled);
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard">
      <dl className={styles["keys"]}>
        {KEYS.map(([meaning, keys]) => (
          <div key={meaning}>
            <dt>{meaning}</dt>
            <dd>
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <Switch
        label="Single-key shortcuts"
        description="Turn them off if they interfere with speech control."
        checked={enabled}
        onChange={(event) => {
          enableShortcuts(event.currentTarget.checked);
          setEnabled(event.currentTarget.checked);
        }}
      />
    </Modal>
  );
}
