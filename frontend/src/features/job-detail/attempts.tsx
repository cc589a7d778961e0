import { useQuery } from "@tanstack/react-query";
import { currencyQuery } from "@/api/flows";
import type { Attempt, Job } from "@/api/model";
import { CopyButton } from "@/components/copy-button";
import { Panel } from "@/components/panel";
import { RawView } from "@/components/result/raw-view";
import { VisibleText } from "@/components/result/visible-text";
import { Elapsed } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import { wordsForMaxAttempts } from "@/lib/attempt-words";
import { money } from "@/lib/money";
import styles from "./attempts.module.css";
import { attemptRuns } from "./fold";
import { wordsForEnd } from "./wording";

/** Anchor of an attempt's partial answer. */
export function partialAnchor(attempt: Attempt): string {
  return `text-of-attempt-${attempt.number}`;
}

export function Attempts({ job }: { job: Job }) {
  const newestFirst = attemptRuns(job.attempts).toReversed();
  return (
    <Panel title="Attempts" flush aside={<Limit job={job} />}>
      {newestFirst.length === 0 ? (
        <p className={styles["none"]}>None yet.</p>
      ) : (
        <ol className={styles["attempts"]}>
          {newestFirst.map((run) =>
            run.length === 1 && run[0] !== undefined ? (
              <Row key={run[0].number} attempt={run[0]} newest={run[0].number === job.attempt} />
            ) : (
              <PutBack key={run[0]?.number} run={run} />
            ),
          )}
        </ol>
      )}
    </Panel>
  );
}

function Limit({ job }: { job: Job }) {
  return <span className={styles["limit"]}>{wordsForMaxAttempts(job.maxAttempts)}</span>;
}

/** A run of attempts that were put back for the same reason; none counts. */
function PutBack({ run }: { run: readonly Attempt[] }) {
  const first = run[0];
  const last = run.at(-1);
  if (first === undefined || last === undefined) return null;
  return (
    <li className={styles["attempt"]}>
      <div className={styles["top"]}>
        <span className={styles["number"]}>
          #{first.number} to #{last.number}
        </span>
        <ToneBadge tone="amber">Put back {last.number - first.number + 1} times</ToneBadge>
        <span className={styles["time"]}>
          <Elapsed from={first.startedAt} to={last.endedAt} />
        </span>
      </div>
      {last.error !== null && <Why error={last.error} />}
      {last.flow !== null && (
        <dl className={styles["facts"]}>
          <Fact name="Fell back to" value={last.flow} />
        </dl>
      )}
    </li>
  );
}

function Why({ error }: { error: NonNullable<Attempt["error"]> }) {
  return (
    <p className={styles["error"]}>
      <code>{error.code}</code> <VisibleText text={error.message} />
    </p>
  );
}

function Row({ attempt, newest }: { attempt: Attempt; newest: boolean }) {
  const { title, tone } = wordsForEnd(attempt.end);
  const { usage, costMicros } = attempt;
  const currency = useQuery(currencyQuery).data ?? "";
  return (
    <li className={styles["attempt"]}>
      <div className={styles["top"]}>
        <span className={styles["number"]}>#{attempt.number}</span>
        <ToneBadge tone={tone}>{title}</ToneBadge>
        <span className={styles["time"]}>
          <Elapsed from={attempt.startedAt} to={attempt.endedAt} />
        </span>
      </div>
      {attempt.error !== null && <Why error={attempt.error} />}
      {attempt.partial !== null && <Partial attempt={attempt} text={attempt.partial} open={newest} />}
      <dl className={styles["facts"]}>
        {attempt.flow !== null && <Fact name="Fell back to" value={attempt.flow} />}
        <Fact name="Worker" value={attempt.worker} />
        {attempt.executionId !== null && <Fact name="Execution" value={attempt.executionId} />}
        {usage?.model != null && <Fact name="Model" value={usage.model} />}
        {usage?.promptTokens != null && (
          <Fact name="Tokens in" value={usage.promptTokens.toLocaleString("en")} />
        )}
        {usage?.completionTokens != null && (
          <Fact name="Tokens out" value={usage.completionTokens.toLocaleString("en")} />
        )}
        {costMicros != null && <Fact name="Cost" value={`${money(costMicros)} ${currency}`} />}
        {usage?.finishReason != null && <Fact name="Finish" value={usage.finishReason} />}
      </dl>
    </li>
  );
}

/** Code and JSON are shown in a monospaced font, prose is not. */
function isProse(text: string): boolean {
  return !/^\s*[[{"<`]/.test(text);
}

/** The part received of an answer that ended badly: it was paid for, and is not a result. */
function Partial({ attempt, text, open }: { attempt: Attempt; text: string; open: boolean }) {
  const name = `the partial answer of attempt ${attempt.number}`;
  return (
    <details className={styles["partial"]} open={open}>
      <summary>
        Partial answer, {text.length.toLocaleString("en")} {text.length === 1 ? "character" : "characters"}
      </summary>
      {/* Inside <details>: the browser opens it when a link points here. */}
      <div id={partialAnchor(attempt)} className={styles["partialText"]}>
        <RawView text={text} label={`T${name.slice(1)}`} prose={isProse(text)} />
        <div className={styles["partialCopy"]}>
          <CopyButton text={text} what={name} />
        </div>
      </div>
    </details>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <VisibleText text={value} />
      </dd>
    </div>
  );
}
