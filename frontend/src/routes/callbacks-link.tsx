import { IconInbox } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useAccess, useWhyNot } from "@/access/access-context";
import { callbackCountsQuery } from "@/api/callbacks";
import type { CallbackCounts } from "@/api/model";
import styles from "./shell.module.css";

/** Few events tell of a callback. */
const LOOKS_AGAIN_EVERY_MS = 15_000;
const SHOWN_AT_MOST = 99;

/** Shows on every page how many callbacks wait for a person to accept or reject them. */
export function CallbacksLink({ complete }: { complete: boolean }) {
  const { state } = useAccess();
  const reads = useWhyNot("read") === null && state === "in";
  const { data } = useQuery({
    ...callbackCountsQuery,
    // Not before what the page itself asks for.
    enabled: reads && complete,
    refetchInterval: LOOKS_AGAIN_EVERY_MS,
    refetchOnWindowFocus: true,
  });
  const count = undecided(data);
  const words = `${count.toLocaleString("en")} to decide`;
  const most = count > SHOWN_AT_MOST ? `${SHOWN_AT_MOST}+` : "";
  return (
    <Link
      to="/callbacks"
      activeOptions={{ includeSearch: false }}
      className={styles["link"]}
      // Speech control finds it by the text that is seen.
      aria-label={count > 0 ? `Callbacks${most && ` ${most}`}, ${words}` : undefined}
    >
      <IconInbox className={styles["icon"]} size={20} stroke={1.8} aria-hidden />
      Callbacks{" "}
      {count > 0 && (
        <span className={styles["trouble"]} title={words}>
          {most || count}
        </span>
      )}
    </Link>
  );
}

function undecided(counts: CallbackCounts | undefined): number {
  return (counts?.byVerdict["late"] ?? 0) + (counts?.byVerdict["unreadable"] ?? 0);
}
