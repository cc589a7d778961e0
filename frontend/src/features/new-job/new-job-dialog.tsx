import { Modal } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { Link } from "@tanstack/react-router";
import { useKeptOpen, useWhyNot } from "@/access/access-context";
import { useDraft } from "@/lib/draft";
import { EMPTY } from "./form-values";
import { NewJobForm } from "./new-job-form";
import { useSubmit } from "./use-submit";

interface Props {
  opened: boolean;
  onClose: () => void;
}

/**
 * Always mounted once it was opened: what was typed, and the key of a submission whose answer was lost, are there when
 * it is opened again.
 */
export function NewJobDialog({ opened, onClose }: Props) {
  const reads = useWhyNot("read") === null;
  const narrow = useMediaQuery("(max-width: 47.99em)", undefined, { getInitialValueInEffect: false });
  const [values, change] = useDraft("new-job", EMPTY);
  const submit = useSubmit((job) => {
    // The options stay for the next job; only the prompt is cleared.
    change((current) => ({ ...current, prompt: "" }));
    // One who may not read sees no list: the dialog stays, and says the id.
    if (!reads) return;
    onClose();
    const id = `created-${job.id}`;
    notifications.show({
      id,
      color: "green",
      message: (
        <>
          Created.{" "}
          <Link to="/jobs/$id" params={{ id: job.id }} onClick={() => notifications.hide(id)}>
            Open the job
          </Link>
        </>
      ),
    });
  });
  return (
    <Modal opened={opened} onClose={useKeptOpen(onClose)} title="New job" size="lg" fullScreen={narrow}>
      <NewJobForm values={values} onChange={change} submit={submit} onLeave={onClose} />
    </Modal>
  );
}
