import { Button, Group, Stack } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Callout } from "./callout";
import { CodeLine } from "./code-line";

interface Props {
  /** "key". */
  what: string;
  text: string;
  /** What to do with it now: a sentence. */
  advice: string;
  /** How it is used. */
  children: ReactNode;
  onDone: () => void;
}

/** What a `OnceDialog` made: it leaves the page with the dialog. */
export function MadeOnce({ what, text, advice, children, onDone }: Props) {
  return (
    <Stack gap="md">
      <Callout icon={IconAlertTriangle} tone="warn" testId="shown-once">
        The {what} is shown only this once. {advice}
      </Callout>
      <div data-testid={`made-${what}`}>
        <CodeLine code={text} what={`the ${what}`} />
      </div>
      {children}
      <Group justify="flex-end">
        <Button onClick={onDone}>I have copied it</Button>
      </Group>
    </Stack>
  );
}
