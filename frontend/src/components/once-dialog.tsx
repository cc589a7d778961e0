import { Modal } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  opened: boolean;
  title: string;
  /** Once it is made. */
  madeTitle: string;
  /** Shows what was made, with the one button that closes then; null before. */
  made: ReactNode;
  /** Whether something is typed here that a click beside the dialog must not lose. */
  isForm: boolean;
  children: ReactNode;
  onClose: () => void;
}

/** A dialog that makes something and shows it once: nothing else closes it then. */
export function OnceDialog({ opened, title, madeTitle, made, isForm, children, onClose }: Props) {
  const asks = made === null;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={asks ? title : madeTitle}
      size="lg"
      closeOnClickOutside={asks && !isForm}
      closeOnEscape={asks}
      withCloseButton={asks}
    >
      {asks ? children : made}
    </Modal>
  );
}
