import { Button, Group, Stack } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Callout } from "@/components/callout";
import { CodeLine } from "@/components/code-line";

/** A new secret, this once: the store has it sealed, and it leaves the page with the dialog. */
export function MadeSecret({ secret, onDone }: { secret: string; onDone: () => void }) {
  return (
    <Stack gap="md">
      <Callout icon={IconAlertTriangle} tone="warn" testId="shown-once">
        This is the only time that the secret is shown. Give it to the receiver now.
      </Callout>
      <div data-testid="made-secret">
        <CodeLine code={secret} what="the secret" />
      </div>
      <p>
        The receiver verifies each request with it, by any library for{" "}
        <a href="https://www.standardwebhooks.com" target="_blank" rel="noreferrer">
          Standard Webhooks
        </a>
        .
      </p>
      <Group justify="flex-end">
        <Button onClick={onDone}>I have copied it</Button>
      </Group>
    </Stack>
  );
}
