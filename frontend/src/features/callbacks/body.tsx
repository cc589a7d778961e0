import { Button } from "@mantine/core";
import { IconChevronRight, IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { bodyAddress, wholeCallbackQuery } from "@/api/callbacks";
import { messageOf } from "@/api/errors";
import type { KeptCallback } from "@/api/model";
import { RawView } from "@/components/result/raw-view";
import { formatBytes } from "@/lib/bytes";
import styles from "./callbacks.module.css";

/** What came of a callback that could not be read, folded up: it may be long, and is fetched when it is asked for. */
export function FoldedBody({ callback, open }: { callback: KeptCallback; open: boolean }) {
  const [shown, setShown] = useState(open);
  const id = useId();
  if (callback.bodyBytes === null) return <p className={styles["words"]}>Nothing of it was read.</p>;
  // Why it could not be read says that already.
  if (callback.bodyBytes === 0) return null;
  return (
    <div className={styles["content"]}>
      <button
        type="button"
        className={styles["fold"]}
        aria-expanded={shown}
        aria-controls={shown ? id : undefined}
        onClick={() => setShown(!shown)}
      >
        <IconChevronRight size={15} aria-hidden />
        <span className={styles["came"]}>
          What came{callback.contentType !== null && <code>{callback.contentType}</code>}
        </span>
        <span className={styles["size"]}>{formatBytes(callback.bodyBytes)}</span>
      </button>
      {shown && (
        <div id={id} className={styles["whole"]}>
          <Body callback={callback} />
        </div>
      )}
    </div>
  );
}

/** The bytes as text, and to be saved as they are. */
export function Body({ callback }: { callback: KeptCallback }) {
  const whole = useQuery(wholeCallbackQuery(callback.id));
  return (
    <>
      {whole.data !== undefined && <RawView text={whole.data.body ?? ""} label="What came, as text" />}
      {whole.isPending && !whole.isError && (
        <p role="status" className={styles["cut"]}>
          Loading what came…
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
        {callback.bodyTruncated && <span>Only the beginning was kept, so it cannot be accepted.</span>}
        <Button
          component="a"
          href={bodyAddress(callback.id)}
          download={`callback-${callback.id}.bin`}
          variant="subtle"
          size="compact-sm"
          leftSection={<IconDownload size={14} aria-hidden />}
        >
          Save the bytes
        </Button>
      </div>
    </>
  );
}
