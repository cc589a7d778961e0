import { Button, Checkbox, Group, Modal, Stack, TextInput } from "@mantine/core";
import { IconFileUpload } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type DragEvent, useId, useState } from "react";
import { batchKeys, uploadBatch } from "@/api/batches";
import { ApiError, messageOf } from "@/api/errors";
import type { BatchWhole } from "@/api/model";
import { formatBytes } from "@/lib/bytes";
import { randomKey } from "@/lib/random-key";
import styles from "./batches.module.css";

const MAX_BYTES = 64 * 1024 * 1024;

interface Props {
  opened: boolean;
  onClose: () => void;
  onDone: (batch: BatchWhole) => void;
}

interface Chosen {
  readonly file: File;
  readonly key: string;
}

export function UploadDialog({ opened, onClose, onDone }: Props) {
  const queries = useQueryClient();
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [name, setName] = useState("");
  const [partial, setPartial] = useState(false);
  const [webhookUrl, setWebhookUrl] = useState("");
  const uploading = useMutation({
    mutationFn: uploadBatch,
    onSuccess: (batch) => {
      void queries.invalidateQueries({ queryKey: batchKeys.all });
      close();
      onDone(batch);
    },
  });
  const close = () => {
    onClose();
    setChosen(null);
    setName("");
    setPartial(false);
    setWebhookUrl("");
    uploading.reset();
  };
  const choose = (file: File | undefined) => {
    if (file === undefined) return;
    uploading.reset();
    setChosen({ file, key: randomKey() });
    setName(file.name.slice(0, 200));
  };
  // The options are in the file itself then.
  const isObject = chosen?.file.name.toLowerCase().endsWith(".json") ?? false;
  const tooLarge = chosen !== null && chosen.file.size > MAX_BYTES;
  const send = () => {
    if (chosen === null || tooLarge) return;
    uploading.mutate({ ...chosen, name: name.trim(), partial, webhookUrl: webhookUrl.trim() });
  };
  return (
    <Modal opened={opened} onClose={close} title="Submit a file" size="lg" closeOnClickOutside={false}>
      <Stack gap="md">
        <FileField chosen={chosen?.file ?? null} onChoose={choose} />
        {tooLarge && (
          <p className={styles["failed"]} role="alert">
            The file is larger than {formatBytes(MAX_BYTES)}. Split it into several.
          </p>
        )}
        {!isObject && (
          <>
            <TextInput
              label="Name"
              maxLength={200}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <TextInput
              label="Webhook"
              description="A URL that is told when all its jobs have ended, or nothing"
              type="url"
              placeholder="https://example.com/hooks/batches"
              maxLength={2048}
              value={webhookUrl}
              error={uploading.error instanceof ApiError ? uploading.error.field("webhookUrl") : null}
              onChange={(event) => {
                setWebhookUrl(event.currentTarget.value);
                // Other options under the same key would be refused.
                if (chosen !== null) setChosen({ ...chosen, key: randomKey() });
              }}
            />
            <Checkbox
              label="Submit the valid lines although others are not"
              checked={partial}
              onChange={(event) => {
                setPartial(event.currentTarget.checked);
                // Other options under the same key would be refused.
                if (chosen !== null) setChosen({ ...chosen, key: randomKey() });
              }}
            />
          </>
        )}
        {uploading.isError && <Failure error={uploading.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            Close
          </Button>
          <Button disabled={chosen === null || tooLarge} loading={uploading.isPending} onClick={send}>
            Submit
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function FileField({
  chosen,
  onChoose,
}: {
  chosen: File | null;
  onChoose: (file: File | undefined) => void;
}) {
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
      <span className={styles["hint"]}>
        {chosen === null ? "One JSON object a line (.jsonl), up to 10,000 lines" : formatBytes(chosen.size)}
      </span>
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

/** What is wrong, line by line. */
function Failure({ error }: { error: Error }) {
  const lines = error instanceof ApiError ? (error.problem.errors ?? []) : [];
  const named = lines.filter((one) => typeof one.line === "number");
  return (
    <div className={styles["failed"]} role="alert">
      <p>{messageOf(error)}</p>
      {named.length > 0 && (
        <ul>
          {named.map((one) => (
            <li key={`${one.line}${one.field}`}>
              Line {one.line?.toLocaleString("en")}: {one.field === "line" ? "" : `${one.field} `}
              {one.message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
