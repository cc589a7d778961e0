import { Button, Checkbox, Group, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Upload } from "@/api/batches";
import { ApiError, messageOf } from "@/api/errors";
import { formatBytes } from "@/lib/bytes";
import { useDraft } from "@/lib/draft";
import { randomKey } from "@/lib/random-key";
import styles from "./batches.module.css";
import { FileField } from "./file-field";

const MAX_BYTES = 64 * 1024 * 1024;

/** The name under which a half-filled form is kept. */
export const UPLOAD = "upload";
/** A browser gives no page a file again: of the file its name is kept, to say which one it was. */
const EMPTY = { file: "", name: "", partial: "", webhookUrl: "" };

interface Props {
  busy: boolean;
  failure: Error | null;
  onChoose: () => void;
  onSend: (upload: Upload) => void;
  onClose: () => void;
}

interface Chosen {
  readonly file: File;
  readonly key: string;
}

export function UploadForm({ busy, failure, onChoose, onSend, onClose }: Props) {
  const [values, change] = useDraft(UPLOAD, EMPTY);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const set = (changed: Partial<typeof EMPTY>) => {
    change((current) => ({ ...current, ...changed }));
    // Other options under the same key would be refused.
    setChosen((current) => current && { ...current, key: randomKey() });
  };
  const choose = (file: File | undefined) => {
    if (file === undefined) return;
    onChoose();
    setChosen({ file, key: randomKey() });
    const named = file.name.slice(0, 200);
    change((now) => ({ ...now, file: named, name: now.name === now.file ? named : now.name }));
  };
  // The options are in the file itself then.
  const isObject = chosen?.file.name.toLowerCase().endsWith(".json") ?? false;
  const tooLarge = chosen !== null && chosen.file.size > MAX_BYTES;
  const send = () => {
    if (chosen === null || tooLarge) return;
    const { name, partial, webhookUrl } = values;
    onSend({ ...chosen, name: name.trim(), partial: partial !== "", webhookUrl: webhookUrl.trim() });
  };
  return (
    <Stack gap="md">
      <FileField chosen={chosen?.file ?? null} lost={values.file} onChoose={choose} />
      {tooLarge && (
        <p className={styles["failed"]} role="alert">
          The file is larger than {formatBytes(MAX_BYTES)}. Split it into several files.
        </p>
      )}
      {!isObject && (
        <>
          <TextInput
            label="Name"
            maxLength={200}
            value={values.name}
            onChange={(event) => set({ name: event.currentTarget.value })}
          />
          <TextInput
            label="Webhook"
            description="Optional: a URL that gets a request when all jobs of the batch have ended"
            type="url"
            placeholder="https://example.com/hooks/batches"
            maxLength={2048}
            value={values.webhookUrl}
            error={failure instanceof ApiError ? failure.field("webhookUrl") : null}
            onChange={(event) => set({ webhookUrl: event.currentTarget.value })}
          />
          <Checkbox
            label="Submit the valid lines even if others are invalid"
            checked={values.partial !== ""}
            onChange={(event) => set({ partial: event.currentTarget.checked ? "yes" : "" })}
          />
        </>
      )}
      {failure !== null && <Failure error={failure} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        <Button disabled={chosen === null || tooLarge} loading={busy} onClick={send}>
          Submit
        </Button>
      </Group>
    </Stack>
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
