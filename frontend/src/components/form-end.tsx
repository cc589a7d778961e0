import { Button, Group } from "@mantine/core";
import { Failure } from "./failure";

interface Props {
  /** Why it was not sent; null if nothing is to be said here. */
  failure: string | null;
  submit: string;
  busy: boolean;
  onClose: () => void;
}

/** The last lines of a form in a dialog. */
export function FormEnd({ failure, submit, busy, onClose }: Props) {
  return (
    <>
      {failure !== null && <Failure>{failure}</Failure>}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
        <Button type="submit" loading={busy}>
          {submit}
        </Button>
      </Group>
    </>
  );
}
