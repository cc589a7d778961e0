import { Button } from "@mantine/core";
import { useState } from "react";
import { CopyButton } from "@/components/copy-button";
import { Panel } from "@/components/panel";
import { RawView } from "@/components/result/raw-view";
import styles from "./job-detail.module.css";

/** More than fits into the collapsed box. */
const LONG_CHARACTERS = 1500;
const LONG_LINES = 9;

/** A long prompt is collapsed, because people open a job for its result, which is below. */
export function PromptPanel({ prompt }: { prompt: string }) {
  const [whole, setWhole] = useState(false);
  const long = prompt.length > LONG_CHARACTERS || prompt.split("\n", LONG_LINES + 1).length > LONG_LINES;
  return (
    <Panel title="Prompt" flush aside={<CopyButton text={prompt} what="the prompt" />}>
      <div className={long && !whole ? styles["longPrompt"] : undefined}>
        <RawView text={prompt} label="The prompt" prose />
      </div>
      {long && (
        <div className={styles["unfold"]}>
          <Button variant="subtle" size="compact-sm" aria-expanded={whole} onClick={() => setWhole(!whole)}>
            {whole ? "Show less of the prompt" : "Show more of the prompt"}
          </Button>
        </div>
      )}
    </Panel>
  );
}
