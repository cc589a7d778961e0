import { Kbd, Modal, Switch } from "@mantine/core";
import { useState } from "react";
import { enableShortcuts, shortcutsEnabled } from "@/lib/shortcuts";
import styles from "./help-sheet.module.css";

const KEYS: readonly (readonly [string, readonly string[]])[] = [
  ["Search", ["/"]],
  ["New job", ["n"]],
  ["Next job in the list", ["j"]],
  ["Previous job in the list", ["k"]],
  ["Open the chosen job", ["Enter"]],
  ["Let go, go back, close", ["Esc"]],
  ["Create the job that is in the form", ["Ctrl / ⌘", "Enter"]],
  ["This sheet", ["?"]],
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
        label="Single keys work"
        description="Turn them off if they get in the way of speech control."
        checked={enabled}
        onChange={(event) => {
          enableShortcuts(event.currentTarget.checked);
          setEnabled(event.currentTarget.checked);
        }}
      />
    </Modal>
  );
}
