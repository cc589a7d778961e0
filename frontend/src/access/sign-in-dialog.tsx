import { Modal, Stack } from "@mantine/core";
import { useAccess } from "./access-context";
import { SignInForm } from "./sign-in-form";

/** Above whatever dialog was open when the session ended. */
const ABOVE_DIALOGS = 400;

/** The session ended while the page was used: the page stays below, with what was typed. */
export function SignInDialog() {
  const { state } = useAccess();
  return (
    <Modal
      opened={state === "ended"}
      onClose={() => {}}
      title="The session has ended"
      size={440}
      zIndex={ABOVE_DIALOGS}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      overlayProps={{ blur: 6 }}
    >
      <Stack gap="md">
        <p>Sign in to continue. What you typed is kept.</p>
        <SignInForm />
      </Stack>
    </Modal>
  );
}
