import { Tooltip } from "@mantine/core";
import { useLive } from "./live-context";
import styles from "./live-light.module.css";
import type { Mode } from "./machine";

const WORDS: Record<Mode, { word: string; meaning: string }> = {
  connecting: { word: "Connecting", meaning: "Opening the event stream." },
  live: { word: "Live", meaning: "Changes are shown as they happen." },
  polling: {
    word: "Polling",
    meaning: "The event stream is not available; the page polls every 2 seconds instead.",
  },
  offline: { word: "Offline", meaning: "The server does not answer. What you see may be out of date." },
};

export function LiveLight() {
  const { mode } = useLive();
  const { word, meaning } = WORDS[mode];
  return (
    <Tooltip label={meaning} multiline maw={260}>
      <output className={styles["light"]} data-mode={mode} data-testid="live-light">
        <span className={styles["dot"]} aria-hidden />
        {word}
      </output>
    </Tooltip>
  );
}
