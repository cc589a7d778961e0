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

/** Always in the page, so that it gives the focus back when it closes; what was typed goes with its form. */
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
        <p>
          This job stays as it is. The new one remembers where it came from, and both results can be compared.
        </p>
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
