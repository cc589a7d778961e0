import { Button, Group, Modal, NativeSelect, Stack, Textarea } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { flowsQuery } from "@/api/flows";
import type { Job, ReplayRequest } from "@/api/model";
import { promptProblem } from "@/lib/prompt";

interface FormProps {
  job: Job;
  busy: boolean;
  onReplay: (request: ReplayRequest) => void;
  onClose: () => void;
}

/** Always mounted, so that it returns the focus when it closes; the form, with what was typed, is not. */
export function ReplayDialog({ opened, ...form }: FormProps & { opened: boolean }) {
  return (
    <Modal opened={opened} onClose={form.onClose} title="Replay as a new job" size="lg">
      <ReplayForm {...form} />
    </Modal>
  );
}

function ReplayForm({ job, busy, onReplay, onClose }: FormProps) {
  const flows = useQuery(flowsQuery).data ?? [];
  const [flow, setFlow] = useState(job.flow);
  const [prompt, setPrompt] = useState(job.prompt);
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
          onChange={(event) => setFlow(event.currentTarget.value)}
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
          onChange={(event) => setPrompt(event.currentTarget.value)}
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
