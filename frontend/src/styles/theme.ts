import {
  Button,
  type CSSVariablesResolver,
  createTheme,
  type MenuProps,
  type ModalProps,
  Tooltip,
} from "@mantine/core";

export const theme = createTheme({
  fontFamily: '"Inter Variable", system-ui, -apple-system, "Segoe UI", sans-serif',
  fontFamilyMonospace: "var(--font-mono)",
  fontSizes: { xs: "12px", sm: "13.5px", md: "14.5px", lg: "16px", xl: "19px" },
  primaryColor: "blue",
  // Menus, keys and what is disabled, in the greys of the page's dark scheme (tokens.css).
  colors: {
    dark: [
      "#c9cdd6",
      "#b7bdc8",
      "#7f8796",
      "#656d7b",
      "#343943",
      "#2b3038",
      "#1b1e24",
      "#15171c",
      "#121418",
      "#0d0f12",
    ],
  },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Button: Button.extend({
      defaultProps: { size: "sm" },
      vars: (_theme, props) => ({
        root:
          props.variant === undefined || props.variant === "filled"
            ? {
                "--button-bg": "var(--strong)",
                "--button-hover": "var(--strong-hover)",
                "--button-color": "var(--on-strong)",
              }
            : {},
      }),
    }),
    Tooltip: Tooltip.extend({
      defaultProps: { withArrow: true, openDelay: 300, events: { hover: true, focus: true, touch: true } },
    }),
    // Without `Menu.extend` and `Modal.extend`: menus and dialogs come with the code of what opens them.
    Menu: {
      defaultProps: { withinPortal: false, shadow: "md", radius: "md" } satisfies Partial<MenuProps>,
    },
    Modal: {
      defaultProps: {
        centered: true,
        radius: "lg",
        closeButtonProps: { "aria-label": "Close" },
        // Its <header> would count as a second banner landmark.
        attributes: { header: { role: "presentation" } },
      } satisfies Partial<ModalProps>,
    },
  },
});

// Mantine's surfaces use the page's colours (tokens.css), in both schemes.
const shared = {
  "--mantine-color-body": "var(--surface)",
  "--mantine-color-text": "var(--ink)",
  "--mantine-color-dimmed": "var(--ink-3)",
  "--mantine-color-placeholder": "var(--ink-3)",
  "--mantine-color-default": "var(--surface)",
  "--mantine-color-default-hover": "var(--hover)",
  "--mantine-color-default-border": "var(--line)",
  "--mantine-color-default-color": "var(--ink)",
  "--mantine-color-error": "var(--red-ink)",
  "--mantine-color-anchor": "var(--link)",
};

export const resolver: CSSVariablesResolver = () => ({ variables: {}, light: shared, dark: shared });
