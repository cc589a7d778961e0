import { CloseButton, Kbd, Modal, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useKeptOpen } from "@/access/access-context";
import { focusMain, isFocusLost } from "@/lib/focus";
import { opensCommands, shortcutsEnabled } from "@/lib/shortcuts";
import { arranged, type Command } from "./commands";
import styles from "./palette.module.css";
import { type FrameActs, useCommands } from "./use-commands";

interface Props {
  opened: boolean;
  onClose: () => void;
  acts: FrameActs;
}

/** Everything that can be done from anywhere, found by typing. */
export function Palette({ opened, onClose, acts }: Props) {
  const before = useRef<Element | null>(null);
  useEffect(() => {
    if (opened) before.current = document.activeElement;
  }, [opened]);
  const close = useKeptOpen(onClose);
  // At once, not after the dialog is gone: what a command opens returns the focus to where it is now.
  const leave = () => {
    if (before.current instanceof HTMLElement) before.current.focus({ preventScroll: true });
    if (isFocusLost() || document.activeElement?.closest("[role=dialog]") != null) focusMain();
    close();
  };
  return (
    <Modal.Root opened={opened} onClose={leave} returnFocus={false} size={600} yOffset="12vh">
      <Modal.Overlay />
      <Modal.Content aria-label="Commands" radius="lg" classNames={{ inner: styles["inner"] ?? "" }}>
        <Finder
          acts={acts}
          onClose={leave}
          onRun={(command) => {
            leave();
            command.run();
          }}
        />
      </Modal.Content>
    </Modal.Root>
  );
}

interface FinderProps {
  acts: FrameActs;
  onClose: () => void;
  onRun: (command: Command) => void;
}

function Finder({ acts, onClose, onRun }: FinderProps) {
  const id = useId();
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const groups = arranged(useCommands(typed, acts), typed);
  const all = groups.flatMap(({ commands }) => commands);
  const active = all.find((command) => command.id === chosen) ?? all[0];
  const optionId = (command: Command) => `${id}-${command.id.replaceAll(/\s/g, "_")}`;
  const list = useRef<HTMLDivElement>(null);

  const choose = (index: number) => {
    const next = all.at(index % Math.max(1, all.length));
    if (next === undefined) return;
    setChosen(next.id);
    document.getElementById(optionId(next))?.scrollIntoView({ block: "nearest" });
  };

  const pressed = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const at = active === undefined ? -1 : all.indexOf(active);
    if (event.key === "ArrowDown") choose(at + 1);
    else if (event.key === "ArrowUp") choose(at - 1);
    else if (event.key === "Enter") {
      if (active !== undefined) onRun(active);
    } else if (opensCommands(event)) onClose();
    else return;
    event.preventDefault();
  };

  return (
    <>
      <TextInput
        className={styles["field"]}
        role="combobox"
        aria-label="Command"
        aria-expanded
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={active === undefined ? undefined : optionId(active)}
        autoComplete="off"
        spellCheck={false}
        maxLength={1_000}
        placeholder="Page, command, job id or words"
        size="md"
        variant="unstyled"
        data-autofocus
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setChosen(null);
          list.current?.scrollTo({ top: 0 });
        }}
        onKeyDown={pressed}
        leftSection={<IconSearch size={18} aria-hidden />}
        rightSection={<CloseButton aria-label="Close" onClick={onClose} />}
      />
      <div id={`${id}-list`} role="listbox" aria-label="Commands" className={styles["list"]} ref={list}>
        {groups.map(({ name, commands }) => (
          <div key={name} role="group" aria-labelledby={`${id}-${name.replaceAll(" ", "-")}`}>
            <div id={`${id}-${name.replaceAll(" ", "-")}`} role="presentation" className={styles["group"]}>
              {name}
            </div>
            {commands.map((command) => (
              <Option
                key={command.id}
                id={optionId(command)}
                command={command}
                active={command === active}
                onPoint={() => setChosen(command.id)}
                onRun={() => onRun(command)}
              />
            ))}
          </div>
        ))}
      </div>
      {all.length === 0 && <p className={styles["nothing"]}>No command matches.</p>}
      <p className="visually-hidden" role="status">
        {typed.trim() === "" ? "" : all.length === 1 ? "1 command" : `${all.length} commands`}
      </p>
      <div className={styles["keys"]} aria-hidden>
        <span>
          <Kbd size="xs">↑</Kbd> <Kbd size="xs">↓</Kbd> choose
        </span>
        <span>
          <Kbd size="xs">Enter</Kbd> run
        </span>
        <span>
          <Kbd size="xs">Esc</Kbd> close
        </span>
      </div>
    </>
  );
}

interface OptionProps {
  id: string;
  command: Command;
  active: boolean;
  onPoint: () => void;
  onRun: () => void;
}

function Option({ id, command: { icon: Icon, label, shortcut }, active, onPoint, onRun }: OptionProps) {
  const key = shortcut !== undefined && shortcutsEnabled() ? shortcut : null;
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field, which names the active option
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field hears the keys
    <div
      id={id}
      role="option"
      aria-selected={active}
      aria-keyshortcuts={key ?? undefined}
      className={styles["option"]}
      // Moved, not entered: the list may scroll under a pointer that rests.
      onPointerMove={active ? undefined : onPoint}
      onClick={onRun}
    >
      <Icon size={17} aria-hidden className={styles["icon"]} />
      <span className={styles["label"]}>
        <bdi>{label}</bdi>
      </span>
      {key !== null && (
        <Kbd size="xs" aria-hidden>
          {key}
        </Kbd>
      )}
    </div>
  );
}
