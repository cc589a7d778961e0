import { useQuery } from "@tanstack/react-query";
import { currencyQuery, flowsQuery } from "@/api/flows";
import type { Attempt, HistoryEvent, Job } from "@/api/model";
import { CopyButton } from "@/components/copy-button";
import { Fact, FactLine } from "@/components/fact-line";
import { RawView } from "@/components/result/raw-view";
import { VisibleText } from "@/components/result/visible-text";
import { Elapsed } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import { money } from "@/lib/money";
import { formatClock, formatExact, toIso } from "@/lib/time";
import { partialAnchor } from "./anchors";
import styles from "./attempt.module.css";
import type { Item, Told, Tried } from "./course";
import { EventLine } from "./event-line";
import { ExchangeLines } from "./exchange-lines";
import { executionUrl } from "./execution-url";
import { Folded } from "./folded";
import { wordsForEnd } from "./wording";

/** An attempt with what came of it and its own events. */
export function AttemptSection({ job, tried }: { job: Job; tried: Tried }) {
  const { number, attempt } = tried;
  const end = attempt === undefined ? null : wordsForEnd(attempt.end);
  const events = tried.events.filter((told) => !isInHead(told, attempt));
  const from = attempt?.startedAt ?? tried.events[0]?.event.at;
  return (
    <>
      <div className={styles["top"]}>
        <h3 className={styles["number"]}>Attempt {number}</h3>
        {end !== null && <ToneBadge tone={end.tone}>{end.title}</ToneBadge>}
        <span className={styles["time"]}>
          {attempt !== undefined && <Elapsed from={attempt.startedAt} to={attempt.endedAt} />}
        </span>
      </div>
      {attempt?.error != null && <Why error={attempt.error} />}
      {attempt?.partial != null && (
        <Partial attempt={attempt} text={attempt.partial} open={number === job.attempt} />
      )}
      {attempt !== undefined && <ExchangeLines job={job} attempt={attempt} events={tried.events} />}
      <FactLine className={styles["facts"]}>
        {from !== undefined && <Started at={from} />}
        {attempt !== undefined && <Facts job={job} attempt={attempt} />}
      </FactLine>
      {events.length > 0 && (
        <Folded className={styles["events"]}>
          {events.map((told, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two events can have the same millisecond, and they only grow
            <EventLine key={index} told={told} known={isKnown(told, attempt)} />
          ))}
        </Folded>
      )}
    </>
  );
}

/** A run of attempts that were put back for the same reason; none counts. */
export function PutBack({ job, first, last }: Extract<Item, { kind: "put-back" }> & { job: Job }) {
  const { attempt } = last;
  const from = first.attempt?.startedAt ?? first.events[0]?.event.at;
  const to = attempt?.endedAt ?? last.events.at(-1)?.event.at;
  const reason = last.events.find(({ event }) => event.what === "snoozed")?.event.detail ?? null;
  return (
    <>
      <div className={styles["top"]}>
        <h3 className={styles["number"]}>
          Attempts {first.number} to {last.number}
        </h3>
        <ToneBadge tone="amber">Put back {last.number - first.number + 1} times</ToneBadge>
        <span className={styles["time"]}>
          {from !== undefined && to !== undefined && <Elapsed from={from} to={to} />}
        </span>
      </div>
      {attempt?.error != null ? (
        <Why error={attempt.error} />
      ) : (
        reason !== null && (
          <p className={styles["why"]}>
            <VisibleText text={reason} />
          </p>
        )
      )}
      {attempt !== undefined && <ExchangeLines job={job} attempt={attempt} events={last.events} />}
      <FactLine className={styles["facts"]}>
        {from !== undefined && <Started at={from} />}
        {attempt?.flow != null && <TextFact name="Fell back to" value={attempt.flow} />}
      </FactLine>
    </>
  );
}

function Why({ error }: { error: NonNullable<Attempt["error"]> }) {
  return (
    <p className={styles["error"]}>
      <code>{error.code}</code> <VisibleText text={error.message} />
    </p>
  );
}

/** How an attempt ends by these events, and by nothing else. */
const END_BY: Partial<Record<HistoryEvent["what"], Attempt["end"]>> = {
  attempt_failed: "failed",
  lease_lost: "lost",
};

/** Whether the attempt's head says all that the event does: the start, or the end with its reason. */
function isInHead(told: Told, attempt: Attempt | undefined): boolean {
  const { what, detail } = told.event;
  if (what === "started") return true;
  const end = END_BY[what];
  return end !== undefined && end === attempt?.end && (detail === null || isKnown(told, attempt));
}

/** Whether the attempt's head says the event's detail. */
function isKnown({ event: { detail } }: Told, attempt: Attempt | undefined): boolean {
  if (detail === null || attempt === undefined) return false;
  const { error, executionId } = attempt;
  return [executionId, error?.message, error && `${error.code}: ${error.message}`].includes(detail);
}

function Started({ at }: { at: number }) {
  return (
    <Fact name="Started">
      <time dateTime={toIso(at)} title={formatExact(at)}>
        {formatClock(at)}
      </time>
    </Fact>
  );
}

function Facts({ job, attempt }: { job: Job; attempt: Attempt }) {
  const { usage, costMicros } = attempt;
  const currency = useQuery(currencyQuery).data ?? "";
  return (
    <>
      {attempt.flow !== null && <TextFact name="Fell back to" value={attempt.flow} />}
      <TextFact name="Worker" value={attempt.worker} />
      {attempt.executionId !== null && <Execution flow={attempt.flow ?? job.flow} id={attempt.executionId} />}
      {usage?.model != null && <TextFact name="Model" value={usage.model} />}
      {usage?.promptTokens != null && (
        <TextFact name="Tokens in" value={usage.promptTokens.toLocaleString("en")} />
      )}
      {usage?.completionTokens != null && (
        <TextFact name="Tokens out" value={usage.completionTokens.toLocaleString("en")} />
      )}
      {costMicros != null && <TextFact name="Cost" value={`${money(costMicros)} ${currency}`} />}
      {usage?.finishReason != null && <TextFact name="Finish" value={usage.finishReason} />}
    </>
  );
}

function Execution({ flow, id }: { flow: string; id: string }) {
  const href = executionUrl(useQuery(flowsQuery).data, flow, id);
  if (href === null) return <TextFact name="Execution" value={id} />;
  return (
    <Fact name="Execution">
      <a href={href} target="_blank" rel="noopener noreferrer" title="The execution in n8n's editor">
        {id}
      </a>
    </Fact>
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

function TextFact({ name, value }: { name: string; value: string }) {
  return (
    <Fact name={name}>
      <VisibleText text={value} />
    </Fact>
  );
}
