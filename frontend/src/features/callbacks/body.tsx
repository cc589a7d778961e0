import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { bodyAddress, wholeCallbackQuery } from "@/api/callbacks";
import { messageOf } from "@/api/errors";
import type { KeptCallback } from "@/api/model";
import { RawView } from "@/components/result/raw-view";
import { formatBytes } from "@/lib/bytes";
import styles from "./callbacks.module.css";
import { Fold } from "./fold";

/** The body of an unreadable callback, folded: it may be long, and is fetched when opened. */
export function FoldedBody({ callback, open }: { callback: KeptCallback; open: boolean }) {
  const { bodyBytes } = callback;
  if (bodyBytes === null) return <p className={styles["words"]}>The body was not read.</p>;
  // The reason above already says that the body is empty.
  if (bodyBytes === 0) return null;
  return (
    <Fold
      open={open}
      line={() => (
        <>
          <span className={styles["came"]}>
            Body{callback.contentType !== null && <code>{callback.contentType}</code>}
          </span>
          <span className={styles["size"]}>{formatBytes(bodyBytes)}</span>
        </>
      )}
    >
      <Body callback={callback} />
    </Fold>
  );
}

/** The body as text, and as a download of its bytes. */
export function Body({ callback }: { callback: KeptCallback }) {
  const whole = useQuery(wholeCallbackQuery(callback.id));
  return (
    <>
      {whole.data !== undefined && <RawView text={whole.data.body ?? ""} label="The body as text" />}
      {whole.isPending && !whole.isError && (
        <p role="status" className={styles["cut"]}>
          Loading the body…
        </p>
      )}
      {whole.isError && (
        <div role="alert" className={styles["cut"]}>
          <span>{messageOf(whole.error)}</span>
          <Button variant="subtle" size="compact-sm" onClick={() => void whole.refetch()}>
            Try again
          </Button>
        </div>
      )}
      <div className={styles["cut"]}>
        {callback.bodyTruncated && (
          <span>Only the start of the body was kept, so it cannot be accepted.</span>
        )}
        <Button
          component="a"
          href={bodyAddress(callback.id)}
          download={`callback-${callback.id}.bin`}
          variant="subtle"
          size="compact-sm"
          leftSection={<IconDownload size={14} aria-hidden />}
        >
          Download the body
        </Button>
      </div>
    </>
  );
}
