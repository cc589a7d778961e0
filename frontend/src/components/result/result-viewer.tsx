import { ActionIcon, Button, Tabs, Tooltip } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { formatBytes, utf8Bytes } from "@/lib/bytes";
import { downloadText } from "@/lib/download";
import { CopyButton } from "../copy-button";
import { ErrorBoundary } from "../error-boundary";
import { EditsView } from "./edits-view";
import { Findings } from "./findings";
import { JsonView } from "./json-view";
import { RawView } from "./raw-view";
import styles from "./result.module.css";
import type { ResultVerdict } from "./types";

interface Props {
  result: string;
  verdict: ResultVerdict | null;
  /** File name for "Download", without extension. */
  name: string;
  /** What it is, for screen readers. */
  what?: string;
}

interface View {
  key: string;
  title: string;
  content: ReactNode;
  /** What Copy and Download give while it is shown; if not set, the unchanged text. */
  own?: string;
}

/** Shows any result: valid, malformed, hostile or huge. There is always a raw view of the unchanged text. */
export function ResultViewer({ result, verdict, name, what = "result" }: Props) {
  const views = viewsOf(result, verdict, what);
  const [key, setKey] = useState<string | null>(null);
  const view = views.find((one) => one.key === key) ?? views[0];
  const repaired = view?.own ?? null;
  const isJson = repaired !== null || verdict?.kind === "json" || verdict?.kind === "schema_mismatch";
  return (
    <ErrorBoundary
      title="This result cannot be shown"
      resetKey={result}
      fallback={<Button onClick={() => downloadText(`${name}.txt`, result)}>Download it instead</Button>}
    >
      {verdict !== null && <Findings verdict={verdict} />}
      {/* The key resets the tab: a result of another kind has other views. */}
      <Tabs
        value={view?.key ?? "raw"}
        onChange={setKey}
        key={views.map((one) => one.key).join()}
        keepMounted={false}
      >
        <div className={styles["bar"]}>
          <Tabs.List aria-label={`Views of the ${what}`} className={styles["tabs"]}>
            {views.map((view) => (
              <Tabs.Tab key={view.key} value={view.key}>
                {view.title}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <span className={styles["size"]}>{formatBytes(utf8Bytes(result))}</span>
          <CopyButton
            text={repaired ?? result}
            what={`the ${repaired === null ? "raw" : "repaired"} ${what}`}
          />
          <Tooltip label="Download">
            <ActionIcon
              variant="subtle"
              color="gray"
              c="var(--ink-3)"
              aria-label={`Download the ${repaired === null ? "raw" : "repaired"} ${what}`}
              onClick={() =>
                downloadText(
                  `${name}${repaired === null ? "" : "-repaired"}.${isJson ? "json" : "txt"}`,
                  repaired ?? result,
                )
              }
            >
              <IconDownload size={16} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </div>
        {views.map((view) => (
          <Tabs.Panel key={view.key} value={view.key}>
            {view.content}
          </Tabs.Panel>
        ))}
      </Tabs>
    </ErrorBoundary>
  );
}

function viewsOf(result: string, verdict: ResultVerdict | null, what: string): View[] {
  const raw = {
    key: "raw",
    title: "Raw",
    content: <RawView text={result} label={`The raw ${what}`} mark={verdict?.error ?? null} />,
  };
  switch (verdict?.kind) {
    case "json":
    case "schema_mismatch":
      return [
        { key: "json", title: "JSON", content: <JsonView text={result} label={`The ${what}, formatted`} /> },
        raw,
      ];
    case "malformed":
      return verdict.repaired === null
        ? [raw]
        : [
            raw,
            {
              key: "repaired",
              title: verdict.repaired.cut ? "Repaired (truncated)" : "Repaired",
              own: verdict.repaired.text,
              content: <JsonView text={verdict.repaired.text} label={`The repaired ${what}, formatted`} />,
            },
            {
              key: "edits",
              title: `Edits (${verdict.repaired.edits.length})`,
              content: <EditsView raw={result} edits={verdict.repaired.edits} />,
            },
          ];
    default:
      return [raw];
  }
}
