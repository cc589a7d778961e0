import { Button, type ButtonProps } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";
import type { ComponentProps } from "react";

type Props = ButtonProps & Omit<ComponentProps<"button">, keyof ButtonProps> & { icon: TablerIcon };

/** A button of the line above the rows. */
export function ToolButton({ icon: Icon, ...button }: Props) {
  return (
    <Button
      variant="subtle"
      color="gray"
      c="var(--ink-2)"
      size="compact-sm"
      leftSection={<Icon size={14} aria-hidden />}
      {...button}
    />
  );
}
