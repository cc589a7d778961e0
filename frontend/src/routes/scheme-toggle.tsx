import { ActionIcon, Tooltip, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconMoon, IconSun } from "@tabler/icons-react";

/** Follows the system's scheme by default; choosing the system's scheme returns to following it. */
export function useScheme() {
  const { setColorScheme } = useMantineColorScheme();
  const now = useComputedColorScheme("light", { getInitialValueInEffect: false });
  const other: "dark" | "light" = now === "dark" ? "light" : "dark";
  const toggle = () => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    setColorScheme(other === system ? "auto" : other);
  };
  return { other, toggle };
}

export function SchemeToggle() {
  const { other, toggle } = useScheme();
  const Icon = other === "dark" ? IconMoon : IconSun;
  return (
    <Tooltip label={other === "dark" ? "Dark colours" : "Light colours"}>
      <ActionIcon
        variant="subtle"
        color="gray"
        c="var(--ink-2)"
        size="lg"
        aria-label={other === "dark" ? "Dark colours" : "Light colours"}
        onClick={toggle}
      >
        <Icon size={19} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
