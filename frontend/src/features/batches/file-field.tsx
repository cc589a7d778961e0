import { IconFileUpload } from "@tabler/icons-react";
import { type DragEvent, useId, useState } from "react";
import { VisibleText } from "@/components/result/visible-text";
import { formatBytes } from "@/lib/bytes";
import styles from "./batches.module.css";

interface Props {
  chosen: File | null;
  /** The name of the file that was chosen before the page was left; "": none was. */
  lost: string;
  onChoose: (file: File | undefined) => void;
}

export function FileField({ chosen, lost, onChoose }: Props) {
  const [over, setOver] = useState(false);
  const id = useId();
  const dragged = (event: DragEvent) => {
    event.preventDefault();
    setOver(event.type === "dragover");
    if (event.type === "drop") onChoose(event.dataTransfer.files[0]);
  };
  return (
    // A label takes clicks, and the input inside it the keyboard; dropping a file is one more way.
    <label
      htmlFor={id}
      className={styles["drop"]}
      data-over={over || undefined}
      onDragOver={dragged}
      onDragLeave={dragged}
      onDrop={dragged}
    >
      <IconFileUpload size={28} stroke={1.5} aria-hidden />
      <span>{chosen === null ? "Choose a file, or drop it here" : chosen.name}</span>
      <span className={styles["hint"]}>{hintOf(chosen, lost)}</span>
      <input
        id={id}
        type="file"
        className="visually-hidden"
        aria-label="File"
        accept=".jsonl,.ndjson,.json,.txt,application/x-ndjson,application/json"
        onChange={(event) => onChoose(event.currentTarget.files?.[0])}
      />
    </label>
  );
}

function hintOf(chosen: File | null, lost: string) {
  if (chosen !== null) return formatBytes(chosen.size);
  if (lost === "") return "One JSON object on each line (.jsonl), up to 10,000 lines";
  return (
    <>
      The browser did not keep the file: choose <VisibleText text={lost} /> again
    </>
  );
}
