import { Button, Group, NativeSelect, Stack } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Failure } from "./failure";
import { OnceDialog } from "./once-dialog";

interface Props {
  opened: boolean;
  title: string;
  /** What is rotated: "key". */
  what: string;
  /** What happens then. */
  children: ReactNode;
  busy: boolean;
  /** Why it was not rotated; null if nothing failed. */
  failure: string | null;
  /** Shows the new one; null before. */
  made: ReactNode;
  onRotate: (overlapSeconds: number) => void;
  onClose: () => void;
}

/** Asks how long the old one stays valid, then shows the new one once. */
export function RotateDialog({ what, children, busy, failure, onRotate, ...dialog }: Props) {
  const [overlap, setOverlap] = useState("86400");
  return (
    <OnceDialog {...dialog} madeTitle={`Copy the new ${what}`} isForm={false}>
      <Stack gap="md">
        <p>{children}</p>
        <NativeSelect
          label={`How long the old ${what} stays valid`}
          data={[
            { value: "0", label: `The old ${what} ends at once` },
            { value: "3600", label: "1 hour" },
            { value: "86400", label: "1 day" },
            { value: "604800", label: "7 days" },
            { value: "2592000", label: "30 days" },
          ]}
          value={overlap}
          onChange={(event) => setOverlap(event.currentTarget.value)}
        />
        {failure !== null && <Failure>{failure}</Failure>}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={dialog.onClose}>
            Close
          </Button>
          <Button loading={busy} onClick={() => onRotate(Number(overlap))} data-autofocus>
            Rotate
          </Button>
        </Group>
      </Stack>
    </OnceDialog>
  );
}
