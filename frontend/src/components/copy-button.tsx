import { ActionIcon, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy, IconX } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { copyText } from "@/lib/clipboard";

const SHOWN_MS = 1500;

export function CopyButton({ text, what }: { text: string; what: string }) {
  const [outcome, setOutcome] = useState<"copied" | "failed" | null>(null);

  useEffect(() => {
    if (outcome === null) return undefined;
    const timer = setTimeout(() => setOutcome(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [outcome]);

  const label =
    outcome === "copied"
      ? "Copied"
      : outcome === "failed"
        ? "The browser does not allow copying here"
        : `Copy ${what}`;
  return (
    <>
      <Tooltip label={label}>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="var(--ink-3)"
          aria-label={`Copy ${what}`}
          onClick={async () => setOutcome((await copyText(text)) ? "copied" : "failed")}
        >
          {outcome === "copied" ? (
            <IconCheck size={16} aria-hidden />
          ) : outcome === "failed" ? (
            <IconX size={16} aria-hidden />
          ) : (
            <IconCopy size={16} aria-hidden />
          )}
        </ActionIcon>
      </Tooltip>
      <span className="visually-hidden" role="status">
        {outcome === null ? "" : label}
      </span>
    </>
  );
}
