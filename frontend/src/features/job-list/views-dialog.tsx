import { ActionIcon, Button, Modal, TextInput, Tooltip } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useKeptOpen } from "@/access/access-context";
import {
  type ChangeViews,
  hasView,
  NOT_KEPT,
  nameProblem,
  renamedView,
  type SavedView,
  tidy,
  withoutView,
} from "@/lib/saved-views";
import { wordsForView } from "./view-words";
import styles from "./views.module.css";

interface Props {
  views: readonly SavedView[];
  onChange: ChangeViews;
  onClose: () => void;
}

export function ViewsDialog({ opened, ...props }: Props & { opened: boolean }) {
  const close = useKeptOpen(props.onClose);
  return (
    <Modal opened={opened} onClose={close} returnFocus={false} title="Saved views" size="lg">
      <Views {...props} onClose={close} />
    </Modal>
  );
}

function Views({ views, onChange, onClose }: Props) {
  const list = useRef<HTMLUListElement>(null);
  const [said, setSaid] = useState("");
  const remove = (name: string, index: number) => {
    if (!onChange((now) => withoutView(now, name))) {
      setSaid(NOT_KEPT);
      return;
    }
    setSaid(`The view ${name} is deleted.`);
    if (views.length === 1) onClose();
    // The button is gone: the focus goes to that of the row which took its place.
    else list.current?.querySelectorAll<HTMLElement>("[data-delete]")[index === 0 ? 1 : index - 1]?.focus();
  };
  return (
    <>
      <ul className={styles["views"]} ref={list}>
        {views.map((view, index) => (
          <li key={view.name}>
            <ViewRow
              view={view}
              views={views}
              onChange={onChange}
              onDelete={() => remove(view.name, index)}
            />
          </li>
        ))}
      </ul>
      <p className="visually-hidden" role="status">
        {said}
      </p>
    </>
  );
}

interface RowProps {
  view: SavedView;
  views: readonly SavedView[];
  onChange: ChangeViews;
  onDelete: () => void;
}

function ViewRow({ view, views, onChange, onDelete }: RowProps) {
  const [name, setName] = useState(view.name);
  const [problem, setProblem] = useState<string | null>(null);
  const changed = tidy(name) !== view.name;
  const rename = () => {
    if (!changed) return;
    const wrong =
      nameProblem(name) ??
      (hasView(views, name) ? "A view of this name exists." : null) ??
      (onChange((now) => renamedView(now, view.name, name)) ? null : NOT_KEPT);
    setProblem(wrong);
  };
  return (
    <form
      className={styles["view"]}
      onSubmit={(event) => {
        event.preventDefault();
        rename();
      }}
    >
      <TextInput
        className={styles["name"]}
        aria-label={`Name of the view ${view.name}`}
        value={name}
        error={problem}
        onChange={(event) => {
          setName(event.currentTarget.value);
          setProblem(null);
        }}
      />
      <Button type="submit" variant="default" disabled={!changed}>
        Rename
      </Button>
      <Tooltip label="Delete" withinPortal={false}>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="var(--ink-2)"
          size="lg"
          data-delete
          aria-label={`Delete the view ${view.name}`}
          onClick={onDelete}
        >
          <IconTrash size={17} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <span className={styles["what"]}>
        <bdi>{wordsForView(view.search)}</bdi>
      </span>
    </form>
  );
}
