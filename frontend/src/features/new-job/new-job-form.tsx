import { Button, NativeSelect, Textarea } from "@mantine/core";
import { IconAdjustmentsHorizontal, IconCornerDownLeft } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, type KeyboardEvent, useId, useState } from "react";
import { useAccess, useWhyNot } from "@/access/access-context";
import { ApiError, messageOf } from "@/api/errors";
import { flowsQuery } from "@/api/flows";
import { formatBytes, utf8Bytes } from "@/lib/bytes";
import { focusField, PROMPT_FIELD } from "@/lib/focus";
import { MAX_PROMPT_BYTES } from "@/lib/prompt";
import { useLive } from "@/live/live-context";
import { useBlocked } from "@/live/use-blocked";
import { AdvancedFields } from "./advanced-fields";
import { FaultsHint } from "./faults-hint";
import { EMPTY, type FormValues, hasOptions, type Problems, problemsOf, toSubmission } from "./form-values";
import styles from "./new-job.module.css";
import type { Submit } from "./use-submit";

const SIZE_WORTH_KNOWING = 10_000;
const OWN_FIELDS = Object.keys(EMPTY) as (keyof FormValues)[];

interface Props {
  values: FormValues;
  onChange: (how: (current: FormValues) => FormValues) => void;
  submit: Submit;
  /** A link leads away from the form. */
  onLeave: () => void;
}

export function NewJobForm({ values: typed, onChange, submit, onLeave }: Props) {
  const { who } = useAccess();
  const { mode } = useLive();
  const blocked = useBlocked("submit");
  const reads = useWhyNot("read") === null;
  const flows = useQuery({ ...flowsQuery, enabled: reads }).data ?? [];
  const [attempted, setAttempted] = useState(false);
  // What was filled in must not act unseen.
  const [advanced, setAdvanced] = useState(() => hasOptions(typed));
  const advancedId = useId();

  const choices = flowChoices(flows, who?.flows ?? null);
  // With a key that is limited to flows, the default flow may not be among them.
  const flowName = choices.some(({ value }) => value === typed.flow) ? typed.flow : (choices[0]?.value ?? "");
  const values = { ...typed, flow: flowName };
  const problems = problemsOf(values);
  const shown = shownProblems(values, problems, attempted, submit.error);
  const flow = flows.find((one) => (values.flow === "" ? one.isDefault : one.name === values.flow));

  const change = (changed: Partial<FormValues>) => {
    onChange((current) => ({ ...current, ...changed }));
    if (submit.isError) submit.reset();
  };

  const send = (event?: FormEvent) => {
    event?.preventDefault();
    if (blocked !== null || submit.isPending) return;
    setAttempted(true);
    if (Object.keys(problems).length > 0) {
      if (problems.prompt === undefined) setAdvanced(true);
      else focusField(PROMPT_FIELD);
      return;
    }
    submit.mutate(toSubmission(values), { onSuccess: () => setAttempted(false) });
  };

  const pressed = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
  };

  return (
    <form onSubmit={send} onKeyDown={pressed} noValidate>
      <fieldset className={styles["fields"]} disabled={blocked !== null}>
        <legend className="visually-hidden">New job</legend>
        <Textarea
          id={PROMPT_FIELD}
          label="Prompt"
          placeholder="What should be done?"
          autosize
          minRows={5}
          maxRows={14}
          data-autofocus
          value={values.prompt}
          error={shown.prompt ?? null}
          onChange={(event) => change({ prompt: event.currentTarget.value })}
        />
        <div className={styles["controls"]}>
          <NativeSelect
            label="Flow"
            className={styles["flow"]}
            value={values.flow}
            onChange={(event) => change({ flow: event.currentTarget.value })}
            data={choices}
            error={shown.flow ?? null}
          />
          <Button
            variant="default"
            aria-expanded={advanced}
            aria-controls={advanced ? advancedId : undefined}
            leftSection={<IconAdjustmentsHorizontal size={16} aria-hidden />}
            onClick={() => setAdvanced(!advanced)}
          >
            Options
          </Button>
        </div>
        {advanced && (
          <div id={advancedId} className={styles["advanced"]}>
            <AdvancedFields values={values} problems={shown} onChange={change} />
          </div>
        )}
        {flow?.processor === "mock" && (
          <FaultsHint
            onPick={(word) => {
              change({ prompt: values.prompt === "" ? word : `${values.prompt.trimEnd()} ${word}` });
              focusField(PROMPT_FIELD);
            }}
          />
        )}
        <div className={styles["below"]}>
          <span role="status" className={styles["outcome"]}>
            {submit.data !== undefined && !reads && (
              <>
                Created. <code>{submit.data.id}</code>{" "}
              </>
            )}
            {mode === "offline" ? "Waiting for the server." : blocked}
          </span>
          {values.prompt.length > SIZE_WORTH_KNOWING && (
            <span className="numbers">
              {formatBytes(utf8Bytes(values.prompt))} of {formatBytes(MAX_PROMPT_BYTES)}
            </span>
          )}
        </div>
        {submit.isError && (
          <p className={styles["failed"]} role="alert">
            {messageOf(submit.error)}
          </p>
        )}
        <div className={styles["send"]}>
          <Link to="/batches" onClick={onLeave}>
            Submit a file…
          </Link>
          <Button
            type="submit"
            className={styles["create"]}
            loading={submit.isPending}
            rightSection={<Keys />}
            disabled={blocked !== null}
          >
            Create job
          </Button>
        </div>
      </fieldset>
    </form>
  );
}

function Keys() {
  const mac = /mac|iphone|ipad/i.test(navigator.userAgent);
  return (
    <span className={styles["keys"]} aria-hidden>
      {mac ? "⌘" : "Ctrl"} <IconCornerDownLeft size={14} />
    </span>
  );
}

/** `limits`: the flows that one may use; null: all. One who may not read is not told which there are. */
function flowChoices(flows: { name: string; isDefault: boolean }[], limits: readonly string[] | null) {
  const standard = flows.find((flow) => flow.isDefault);
  const label = standard === undefined ? "default flow" : `${standard.name} (default)`;
  const others = flows.filter((flow) => !flow.isDefault).map((flow) => flow.name);
  const named = flows.length === 0 ? (limits ?? []) : others;
  return [
    ...(standard !== undefined || limits === null ? [{ value: "", label }] : []),
    ...named.map((name) => ({ value: name, label: name })),
  ];
}

/** A blank prompt is only shown as a mistake after an attempt to send it; other mistakes are shown at once. */
function shownProblems(
  values: FormValues,
  problems: Problems,
  attempted: boolean,
  failure: Error | null,
): Problems {
  const shown = { ...problems };
  if (!attempted && values.prompt.trim() === "") delete shown.prompt;
  if (failure instanceof ApiError) {
    for (const name of OWN_FIELDS) {
      const said = failure.field(name);
      if (said !== null) shown[name] = said;
    }
  }
  return shown;
}
