import { Code, Kbd, Modal, Switch } from "@mantine/core";
import { useState } from "react";
import { SEARCH_TERMS } from "@/lib/search-terms";
import { COMMANDS_KEYS, enableShortcuts, shortcutsEnabled } from "@/lib/shortcuts";
import styles from "./help-sheet.module.css";

const KEYS: readonly (readonly [string, readonly string[]])[] = [
  ["Commands: pages, jobs, saved views, flows", COMMANDS_KEYS],
  ["Search", ["/"]],
  ["New job", ["n"]],
  ["Next job in the list", ["j"]],
  ["Previous job in the list", ["k"]],
  ["Open the selected job", ["Enter"]],
  ["Peek at the selected job, and close it", ["p"]],
  ["Deselect, go back, close", ["Esc"]],
  ["Create the job that you typed", ["Ctrl / ⌘", "Enter"]],
  ["This help", ["?"]],
];

export function HelpSheet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [enabled, setEnabled] = useState(shortcutsEnabled);
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard and search" size="lg">
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
      <h2 className={styles["heading"]}>Search</h2>
      <p className={styles["text"]}>
        A search finds words in prompt, result, error and metadata; words in "quotes" must stand together. A
        minus before a word or filter excludes it.
      </p>
      <dl className={styles["keys"]}>
        {SEARCH_TERMS.map(({ example, meaning }) => (
          <div key={example}>
            <dt>{meaning}</dt>
            <dd>
              <Code>{example}</Code>
            </dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
