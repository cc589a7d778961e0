import { Button, Group, Stack } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { BASE_PATH } from "@/api/base-path";
import type { MadeKey } from "@/api/model";
import { may } from "@/api/session";
import { Callout } from "@/components/callout";
import { CodeLine } from "@/components/code-line";

/** The key's text, this once: it is in no store, and leaves the page with the dialog. */
export function MadeKeyView({ made, onDone }: { made: MadeKey; onDone: () => void }) {
  const path = BASE_PATH + (may(made, "read") ? "/jobs" : "/session");
  return (
    <Stack gap="md">
      <Callout icon={IconAlertTriangle} tone="warn" testId="shown-once">
        This is the only time that the key is shown. Copy it into a secret store now.
      </Callout>
      <div data-testid="made-key">
        <CodeLine code={made.key} what="the key" />
      </div>
      <Stack gap={8}>
        <p>Send it with each request, or paste it where this page asks you to sign in:</p>
        <CodeLine
          code={`curl ${location.origin}${path} -H "Authorization: Bearer $JOB_PROCESSOR_KEY"`}
          what="the command"
        />
      </Stack>
      <Group justify="flex-end">
        <Button onClick={onDone}>I have copied it</Button>
      </Group>
    </Stack>
  );
}
