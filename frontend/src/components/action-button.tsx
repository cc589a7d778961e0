import { Button, Tooltip } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";
import { useEffect, useId, useRef } from "react";
import { isFocusLost } from "@/lib/focus";
import styles from "./action-button.module.css";

interface Props {
  label: string;
  icon: TablerIcon;
  /** Why the action is not possible now; null if it is. */
  blocked: string | null;
  /** What it does, if the label alone does not say. */
  hint?: string;
  busy?: boolean;
  danger?: boolean;
  onAct: () => void;
}

/** Disabled with a reason; it stays focusable, so that keyboard users can read the reason. */
export function ActionButton({
  label,
  icon: Icon,
  blocked,
  hint,
  busy = false,
  danger = false,
  onAct,
}: Props) {
  const wordsId = useId();
  const button = useRef<HTMLButtonElement>(null);
  const pressed = useRef(false);
  const disabled = blocked !== null;
  const words = blocked ?? hint;

  // A busy button loses the focus: return it when done.
  useEffect(() => {
    if (busy || !pressed.current) return;
    pressed.current = false;
    if (isFocusLost()) button.current?.focus();
  }, [busy]);

  return (
    <>
      <Tooltip label={words ?? ""} disabled={words === undefined} multiline maw={280}>
        <Button
          ref={button}
          variant="default"
          className={styles["button"]}
          data-danger={danger}
          leftSection={<Icon size={16} aria-hidden />}
          loading={busy}
          aria-disabled={disabled}
          aria-describedby={words === undefined ? undefined : wordsId}
          data-disabled={disabled}
          onClick={() => {
            if (disabled || busy) return;
            pressed.current = true;
            onAct();
          }}
        >
          {label}
        </Button>
      </Tooltip>
      {words !== undefined && (
        <span id={wordsId} hidden>
          {words}
        </span>
      )}
    </>
  );
}
