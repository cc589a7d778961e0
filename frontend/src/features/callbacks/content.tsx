import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { wholeCallbackQuery } from "@/api/callbacks";
import { messageOf } from "@/api/errors";
import type { KeptCallback } from "@/api/model";
import { RawView } from "@/components/result/raw-view";
import { ResultViewer } from "@/components/result/result-viewer";
import { VisibleText } from "@/components/result/visible-text";
import { formatBytes } from "@/lib/bytes";
import { FoldedBody } from "./body";
import styles from "./callbacks.module.css";
import { Fold } from "./fold";
import { firstWords, likelyVerdict } from "./shape";
import { isUnread } from "./words";

/** Longer messages are folded. */
const SHORT = 300;

/** A callback's content: a short message is shown at once, anything else when opened. */
export function Content({ callback, open = false }: { callback: KeptCallback; open?: boolean }) {
  // The job has this content already; showing it again would only raise the question whether they differ.
  if (callback.verdict === "duplicate" || callback.verdict === "accepted") return null;
  if (isUnread(callback)) {
    return (
      <>
        <p className={styles["words"]}>
          <VisibleText text={callback.content} />
        </p>
        <FoldedBody callback={callback} open={open} />
      </>
    );
  }
  if (callback.said !== "result" && callback.content.length <= SHORT) {
    return (
      <p className={styles["words"]}>
        <VisibleText text={callback.content} />
      </p>
    );
  }
  const name = callback.said === "result" ? "result" : "message";
  return (
    <Fold
      open={open}
      line={(shown) =>
        shown ? (
          <span>The {name}</span>
        ) : (
          <>
            <span className="visually-hidden">The {name}: </span>
            <bdi className={styles["preview"]}>
              <VisibleText text={firstWords(callback.content)} />
            </bdi>
            <span className={styles["size"]}>{formatBytes(callback.contentBytes)}</span>
          </>
        )
      }
    >
      <WholeContent callback={callback} />
    </Fold>
  );
}

/** The whole content. Lists contain its start only; the rest is fetched on request. */
export function WholeContent({ callback }: { callback: KeptCallback }) {
  const [wanted, setWanted] = useState(false);
  const whole = useQuery({ ...wholeCallbackQuery(callback.id), enabled: wanted });
  const { content, contentTruncated } = whole.data ?? callback;
  const isResult = callback.said === "result";
  if (isResult && !contentTruncated) {
    return (
      <ResultViewer
        result={content}
        verdict={likelyVerdict(content)}
        name={`callback-${callback.id}`}
        what="kept result"
      />
    );
  }
  return (
    <>
      <RawView text={content} label={isResult ? "The raw kept result" : "The message"} prose={!isResult} />
      {contentTruncated && (
        <div className={styles["cut"]}>
          <span>Truncated: only the start of {formatBytes(callback.contentBytes)}.</span>
          <Button
            variant="subtle"
            size="compact-sm"
            loading={whole.isFetching}
            onClick={() => (wanted ? void whole.refetch() : setWanted(true))}
          >
            Show all
          </Button>
          {whole.isError && <span role="alert">{messageOf(whole.error)}</span>}
        </div>
      )}
    </>
  );
}
