import { Button, Group, Modal, Progress, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useKeptOpen } from "@/access/access-context";
import { countQuery } from "@/api/finding";
import type { JobFilter } from "@/api/job-rows";
import type { ExportFormat } from "@/lib/whole-rows";
import styles from "./bulk.module.css";
import { inFigures, jobs } from "./bulk-words";
import { type ExportState, useExport } from "./use-export";

interface Props {
  filter: JobFilter;
  onClose: () => void;
}

const FORMATS: readonly [ExportFormat, string][] = [
  ["ndjson", "NDJSON"],
  ["csv", "CSV"],
];

/** Always mounted, so that it returns the focus when it closes; the export is not, and stops. */
export function ExportDialog({ opened, ...rest }: Props & { opened: boolean }) {
  const close = useKeptOpen(rest.onClose);
  return (
    <Modal opened={opened} onClose={close} closeOnClickOutside={false} title="Export jobs">
      <Export {...rest} onClose={close} />
    </Modal>
  );
}

function Export({ filter, onClose }: Props) {
  const { state, start, goOn, stop } = useExport(filter);
  const counted = useQuery({ ...countQuery(filter), refetchInterval: false }).data;
  if (state.step === "asks") {
    return (
      <Stack gap="md">
        <p>
          {counted === undefined
            ? "All jobs of this list are"
            : `${jobs(counted.count, counted.more)} ${counted.count === 1 && !counted.more ? "is" : "are"}`}{" "}
          exported with prompt and result, newest first. CSV opens in a spreadsheet; NDJSON has every field of
          a job, with one job on each line.
        </p>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          {/* That which most want stands last, as in every dialog. */}
          {FORMATS.map(([format, name]) => (
            <Button
              key={format}
              variant={format === "csv" ? "filled" : "default"}
              data-autofocus={format === "csv" ? true : undefined}
              onClick={() => start(format)}
            >
              {name}
            </Button>
          ))}
        </Group>
      </Stack>
    );
  }
  // More than could be counted exactly, or than there were when they were counted.
  const total = counted === undefined ? 0 : Math.max(counted.count, state.count);
  const open = state.step === "runs" || state.step === "waits";
  return (
    <Stack gap="md">
      <Progress
        {...(state.step === "broke" && { color: "var(--amber-dot)" })}
        value={state.step === "done" ? 100 : total === 0 ? 0 : (100 * state.count) / total}
        aria-label={`${inFigures(state.count)} of ${inFigures(total, counted?.more)} jobs`}
      />
      <p role="status" className={styles["outcome"]}>
        {outcome(state, inFigures(total, counted?.more))}
      </p>
      <Group justify="flex-end" gap="xs">
        {open || state.step === "broke" ? (
          <Button variant="default" onClick={stop}>
            Stop
          </Button>
        ) : (
          <Button onClick={onClose}>Done</Button>
        )}
        {state.step === "broke" && <Button onClick={goOn}>Continue</Button>}
      </Group>
    </Stack>
  );
}

function outcome({ step, count, error }: ExportState, total: string): string {
  const came = `${inFigures(count)} of ${total} jobs`;
  switch (step) {
    case "waits":
      return `${came}. ${error} Trying again…`;
    case "broke":
      return `${came}. ${error} The jobs received so far are kept.`;
    case "done":
      return `${jobs(count, false)} exported. The file is in your downloads.`;
    default:
      return `${came}…`;
  }
}
