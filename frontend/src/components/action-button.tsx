import { Button, Tooltip } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";
import { useId } from "react";
import styles from "./action-button.module.css";

interface Props {
  label: string;
  icon: TablerIcon;
  /** Why this cannot be done now; null when it can. */
  blocked: string | null;
  busy?: boolean;
  danger?: boolean;
  onAct: () => void;
}

/** Disabled with a reason: it stays focusable, so that everybody can find out why. */
export function ActionButton({ label, icon: Icon, blocked, busy = false, danger = false, onAct }: Props) {
  const reasonId = useId();
  const disabled = blocked !== null;
  return (
    <>
      <Tooltip label={blocked ?? ""} disabled={!disabled} multiline maw={280}>
        <Button
          variant="default"
          className={styles["button"]}
          data-danger={danger}
          leftSection={<Icon size={16} aria-hidden />}
          loading={busy}
          aria-disabled={disabled}
          aria-describedby={disabled ? reasonId : undefined}
          data-disabled={disabled}
          onClick={() => {
            if (!disabled && !busy) onAct();
          }}
        >
          {label}
        </Button>
      </Tooltip>
      {disabled && (
        <span id={reasonId} hidden>
          {blocked}
        </span>
      )}
    </>
  );
}
