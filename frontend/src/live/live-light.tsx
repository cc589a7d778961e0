import { Tooltip } from "@mantine/core";
import { useLive } from "./live-context";
import styles from "./live-light.module.css";
import type { Mode } from "./machine";

const WORDS: Record<Mode | "stale", { word: string; meaning: string }> = {
  connecting: { word: "Connecting", meaning: "Opening the event stream." },
  live: { word: "Live", meaning: "Changes are shown as they happen." },
  polling: {
    word: "Polling",
    meaning: "The event stream is not available; the page polls every 2 seconds instead.",
  },
  stale: { word: "Not current", meaning: "The server answers, but what you see could not be refreshed." },
  offline: { word: "Offline", meaning: "The server does not answer. What you see may be out of date." },
};

export function LiveLight() {
  const { mode, staleness } = useLive();
  const shown = staleness !== null && mode !== "offline" ? "stale" : mode;
  const { word, meaning } = WORDS[shown];
  return (
    <Tooltip label={meaning} multiline maw={260}>
      <output className={styles["light"]} data-mode={shown} data-testid="live-light">
        <span className={styles["dot"]} aria-hidden />
        {word}
      </output>
    </Tooltip>
  );
}
