import { Button } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import styles from "./not-loaded.module.css";
import { Notice } from "./notice";

interface Props {
  /** "The audit". */
  what: string;
  why: string;
  /** In place of a whole page. */
  isPage?: boolean;
  onRetry: () => void;
}

/** In place of what could not be loaded. */
export function NotLoaded({ what, why, isPage = false, onRetry }: Props) {
  return (
    <Notice isPage={isPage} icon={IconPlugConnectedX} title={`${what} could not be loaded`} tone="bad">
      <p>{why}</p>
      <Button variant="default" onClick={onRetry}>
        Try again
      </Button>
    </Notice>
  );
}

/** In a panel, in place of what could not be loaded. */
export function PartNotLoaded({ what, why, onRetry }: Omit<Props, "isPage">) {
  return (
    <div role="alert" className={styles["part"]}>
      <p>
        {what} could not be loaded: {why}
      </p>
      <Button variant="default" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}
