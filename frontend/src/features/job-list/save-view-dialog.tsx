import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { useKeptOpen } from "@/access/access-context";
import { forgetDraft, useDraft } from "@/lib/draft";
import {
  type ChangeViews,
  hasView,
  NOT_KEPT,
  type SavedView,
  saveProblem,
  withView,
} from "@/lib/saved-views";
import { wordsForView } from "./view-words";
import styles from "./views.module.css";

interface FormProps {
  search: string;
  views: readonly SavedView[];
  onChange: ChangeViews;
  onClose: () => void;
}

const DRAFT = "save-view";
const NO_NAME = { name: "" };

export function SaveViewDialog({ opened, ...form }: FormProps & { opened: boolean }) {
  const close = useKeptOpen(() => {
    forgetDraft(DRAFT);
    form.onClose();
  });
  return (
    <Modal opened={opened} onClose={close} returnFocus={false} title="Save this view">
      <SaveViewForm {...form} onClose={close} />
    </Modal>
  );
}

function SaveViewForm({ search, views, onChange, onClose }: FormProps) {
  const [{ name }, change] = useDraft(DRAFT, NO_NAME);
  const [problem, setProblem] = useState<string | null>(null);
  const replaces = hasView(views, name);
  const save = () => {
    const view = { name, search };
    const wrong = saveProblem(views, view) ?? (onChange((now) => withView(now, view)) ? null : NOT_KEPT);
    setProblem(wrong);
    if (wrong === null) onClose();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Stack gap="md">
        <p className={styles["filter"]}>
          <bdi>{wordsForView(search)}</bdi>
        </p>
        <TextInput
          label="Name"
          description={
            replaces
              ? "A view of this name exists. Saving replaces it."
              : "Kept in this browser. To share the view, copy its link."
          }
          data-autofocus
          value={name}
          error={problem}
          onChange={(event) => {
            const { value } = event.currentTarget;
            change(() => ({ name: value }));
            setProblem(null);
          }}
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit">{replaces ? "Replace" : "Save"}</Button>
        </Group>
      </Stack>
    </form>
  );
}
