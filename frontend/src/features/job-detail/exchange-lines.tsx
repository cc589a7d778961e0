import type { Attempt, Job } from "@/api/model";
import { VisibleText } from "@/components/result/visible-text";
import { formatBytes } from "@/lib/bytes";
import { RESULT } from "./anchors";
import type { Told } from "./course";
import styles from "./exchange-lines.module.css";
import { wordsForAnswer, wordsForRequest } from "./exchange-words";

/** Where the attempt was sent, and what came back. */
export function ExchangeLines({
  job,
  attempt,
  events,
}: {
  job: Job;
  attempt: Attempt;
  events: readonly Told[];
}) {
  const { exchange } = attempt;
  if (exchange === null) return null;
  const acceptedAt = events.find(({ event }) => event.what === "accepted")?.event.at;
  return (
    <dl className={styles["exchange"]}>
      <dt>Request</dt>
      <dd>
        <code>
          <VisibleText text={exchange.sentTo} />
        </code>
        <Words words={["", ...wordsForRequest(exchange)]} />
      </dd>
      <dt>Answer</dt>
      <dd>
        <Words words={wordsForAnswer(attempt, exchange, acceptedAt)} />
        {gaveTheResult(job, attempt) && (
          <>
            {" · "}
            <a href={`#${RESULT}`}>Result{job.resultBytes !== null && `, ${formatBytes(job.resultBytes)}`}</a>
          </>
        )}
      </dd>
    </dl>
  );
}

function Words({ words }: { words: readonly string[] }) {
  return <span>{words.join(" · ")}</span>;
}

function gaveTheResult({ result, attempts }: Job, { number }: Attempt): boolean {
  return result !== null && attempts.findLast(({ end }) => end === "succeeded")?.number === number;
}
