import { Button, Group, Modal, NativeSelect, Stack, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useKeptOpen } from "@/access/access-context";
import { flowsQuery } from "@/api/flows";
import type { Job, ReplayRequest } from "@/api/model";
import { forgetDraft, useDraft } from "@/lib/draft";
import { promptProblem } from "@/lib/prompt";
import { replayDraft } from "./use-job-actions";

interface FormProps {
  job: Job;
  busy: boolean;
  onReplay: (request: ReplayRequest) => void;
  onClose: () => void;
}

/** Always mounted, so that it returns the focus when it closes; the form, with what was typed, is not. */
export function ReplayDialog({ opened, ...form }: FormProps & { opened: boolean }) {
  const close = useKeptOpen(() => {
    forgetDraft(replayDraft(form.job.id));
    form.onClose();
  });
  return (
    <Modal opened={opened} onClose={close} title="Replay as a new job" size="lg">
      <ReplayForm {...form} onClose={close} />
    </Modal>
  );
}

function ReplayForm({ job, busy, onReplay, onClose }: FormProps) {
  const flows = useQuery(flowsQuery).data ?? [];
  const [{ flow, prompt }, change] = useDraft(replayDraft(job.id), { flow: job.flow, prompt: job.prompt });
  const problem = promptProblem(prompt);
  const names = [...new Set([job.flow, ...flows.map((one) => one.name)])];

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (problem === null) onReplay({ flow, ...(prompt !== job.prompt && { prompt }) });
      }}
    >
      <Stack gap="sm">
        <p>This job does not change. The new job links to it, and you can compare both results.</p>
        <NativeSelect
          label="Flow"
          value={flow}
          onChange={(event) => change((now) => ({ ...now, flow: event.target.value }))}
          data={names}
        />
        <Textarea
          label="Prompt"
          autosize
          minRows={4}
          maxRows={16}
          data-autofocus
          value={prompt}
          error={problem}
          onChange={(event) => change((now) => ({ ...now, prompt: event.target.value }))}
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button type="submit" loading={busy} disabled={problem !== null}>
            Replay
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
