import { Button, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useKeptOpen } from "@/access/access-context";
import { messageOf } from "@/api/errors";
import { flowKeys, pauseFlow, resumeFlow } from "@/api/flows";
import type { Flow } from "@/api/model";
import { ActionButton } from "@/components/action-button";
import { VisibleText } from "@/components/result/visible-text";
import { Countdown } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import { wordsForMaxAttempts } from "@/lib/attempt-words";
import { forgetDraft, hasDraft, useDraft } from "@/lib/draft";
import { isFocusLost } from "@/lib/focus";
import { STATUSES, statusLabel } from "@/lib/status";
import { wordsForUntil } from "@/lib/waiting-words";
import { useBlocked } from "@/live/use-blocked";
import styles from "./flows.module.css";
import {
  wordsForBudget,
  wordsForConcurrency,
  wordsForFallback,
  wordsForFlow,
  wordsForKeyLimits,
  wordsForPrices,
  wordsForSharedLimit,
  wordsForToday,
} from "./lane-words";
import { wordsForProcessor } from "./processor-words";
import { TestPrompt } from "./test-prompt";

/** All about a flow, and what can be done with it. */
export function FlowDetails({ flow }: { flow: Flow }) {
  const queries = useQueryClient();
  const blocked = useBlocked("operate");
  const draft = `pause-${flow.name}`;
  const [asking, setAsking] = useState(() => hasDraft(draft));
  const act = useRef<HTMLDivElement>(null);
  const asked = useRef(false);
  const { title, tone, meaning } = wordsForFlow(flow);
  const ofKeys = wordsForKeyLimits(flow);
  const fallback = wordsForFallback(flow);
  const shared = wordsForSharedLimit(flow);
  const prices = wordsForPrices(flow);
  const budget = wordsForBudget(flow);
  const today = wordsForToday(flow);
  const paused = flow.lane.state === "paused";
  const settle = {
    onSuccess: (changed: Flow) => {
      forgetDraft(draft);
      setAsking(false);
      queries.setQueryData<Flow[]>(flowKeys.flows, (all) =>
        all?.map((one) => (one.name === changed.name ? changed : one)),
      );
    },
    onError: (error: Error) =>
      notifications.show({ color: "red", title: "The action failed", message: messageOf(error) }),
  };
  const pause = useMutation({ mutationFn: (reason: string) => pauseFlow(flow.name, reason), ...settle });
  const resume = useMutation({ mutationFn: () => resumeFlow(flow.name), ...settle });

  // The form had the focus and is gone: return the focus to the button.
  useEffect(() => {
    if (asked.current && !asking && isFocusLost()) act.current?.querySelector("button")?.focus();
    asked.current = asking;
  }, [asking]);

  return (
    <section aria-label={flow.name} className={styles["details"]}>
      <p className={styles["aside"]}>
        <ToneBadge tone={tone}>{title}</ToneBadge>
        {flow.isDefault && <ToneBadge tone="gray">default</ToneBadge>}
      </p>
      <p className={styles["meaning"]}>
        {meaning}
        {flow.lane.until !== null && (
          <>
            {" "}
            {wordsForUntil(flow.lane.kind ?? "")} <Countdown until={flow.lane.until} />.
          </>
        )}
      </p>
      {flow.lane.detail !== null && (
        <p className={styles["detail"]}>
          <VisibleText text={flow.lane.detail} />
        </p>
      )}
      <p className={styles["links"]}>
        <Link to="/overview" search={{ flow: flow.name }}>
          This flow in the overview
        </Link>
      </p>
      <dl className={styles["facts"]}>
        <Fact name="Processor" value={wordsForProcessor(flow.processor)} />
        <Fact name="Concurrency" value={wordsForConcurrency(flow)} />
        <Fact name="Rate" value={flow.ratePerMinute === null ? "no limit" : `${flow.ratePerMinute} / min`} />
        {shared !== null && <Fact name="Shared limit" value={shared} />}
        {ofKeys !== null && <Fact name="Each key" value={ofKeys} />}
        {fallback !== null && <Fact name="Fallback" value={fallback} />}
        {prices !== null && <Fact name="Price of 1M tokens" value={prices} />}
        {budget !== null && <Fact name="Budget" value={budget} />}
        {today !== null && <Fact name="Today (UTC)" value={today} />}
        <Fact name="Attempts" value={wordsForMaxAttempts(flow.maxAttempts)} />
        <Fact name="Invalid result" value={flow.onInvalidResult} />
      </dl>
      <ul className={styles["counts"]} aria-label={`Jobs of ${flow.name}`}>
        {STATUSES.filter((status) => (flow.byStatus[status] ?? 0) > 0).map((status) => (
          <li key={status}>
            <Link to="/" search={{ flow: flow.name, status: [status] }}>
              {(flow.byStatus[status] ?? 0).toLocaleString("en")} {statusLabel(status).toLowerCase()}
            </Link>
          </li>
        ))}
      </ul>
      <div className={styles["act"]} ref={act}>
        {flow.lane.state === "removed" ? null : paused ? (
          <ActionButton
            label="Resume"
            icon={IconPlayerPlay}
            blocked={blocked}
            busy={resume.isPending}
            onAct={() => resume.mutate()}
          />
        ) : asking ? (
          <PauseForm
            draft={draft}
            busy={pause.isPending}
            onPause={pause.mutate}
            onCancel={() => setAsking(false)}
          />
        ) : (
          <ActionButton
            label="Pause…"
            icon={IconPlayerPause}
            blocked={blocked}
            onAct={() => setAsking(true)}
          />
        )}
      </div>
      {flow.lane.state !== "removed" && <TestPrompt flow={flow.name} />}
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface PauseFormProps {
  draft: string;
  busy: boolean;
  onPause: (reason: string) => void;
  onCancel: () => void;
}

/** Escape pressed there does not close the drawer. */
const KEEPS_ESCAPE = { "data-mantine-stop-propagation": true };
const NO_REASON = { reason: "" };

function PauseForm({ draft, busy, onPause, onCancel }: PauseFormProps) {
  const [{ reason }, change] = useDraft(draft, NO_REASON);
  const send = (event: FormEvent) => {
    event.preventDefault();
    onPause(reason.trim());
  };
  const cancel = useKeptOpen(() => {
    forgetDraft(draft);
    onCancel();
  });
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    // Wherever the focus is in the form: Escape means the form, and closes nothing else.
    event.preventDefault();
    cancel();
  };
  return (
    <form onSubmit={send} onKeyDown={pressed} className={styles["pause"]}>
      <TextInput
        aria-label="Reason for the pause"
        placeholder="Reason (optional)"
        maxLength={500}
        {...KEEPS_ESCAPE}
        autoFocus
        value={reason}
        onChange={(event) => change(() => ({ reason: event.target.value }))}
      />
      <Button type="submit" loading={busy} {...KEEPS_ESCAPE}>
        Pause
      </Button>
      <Button variant="default" onClick={cancel} {...KEEPS_ESCAPE}>
        Keep it open
      </Button>
    </form>
  );
}
