import { Checkbox, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { MEANING, RIGHTS } from "@/access/words";
import { ApiError, messageOf } from "@/api/errors";
import { flowsQuery } from "@/api/flows";
import type { KeyRequest } from "@/api/model";
import { FormEnd } from "@/components/form-end";
import { useDraft } from "@/lib/draft";
import { currentTime } from "@/lib/now";
import { words } from "@/lib/words";
import { EMPTY, ENDS, type KeyValues, type Problems, problemsOf, toRequest } from "./key-values";
import styles from "./keys.module.css";

interface Props {
  draft: string;
  busy: boolean;
  failure: Error | null;
  onCreate: (request: KeyRequest) => void;
  onClose: () => void;
}

export function KeyForm({ draft, busy, failure, onCreate, onClose }: Props) {
  const [values, change] = useDraft(draft, EMPTY);
  const [attempted, setAttempted] = useState(false);
  const set = (changed: Partial<KeyValues>) => change((current) => ({ ...current, ...changed }));
  const problems: Problems = attempted ? problemsOf(values, currentTime()) : {};
  const field = (name: keyof KeyValues) => ({
    value: values[name],
    onChange: (event: { currentTarget: { value: string } }) => set({ [name]: event.currentTarget.value }),
    error: problems[name] ?? null,
  });

  const send = (event: FormEvent) => {
    event.preventDefault();
    setAttempted(true);
    if (busy || Object.keys(problemsOf(values, currentTime())).length > 0) return;
    onCreate(toRequest(values, currentTime()));
  };

  return (
    <form onSubmit={send} noValidate>
      <Stack gap="md">
        <TextInput
          label="Name"
          placeholder="nightly import"
          description="Who or what uses the key"
          data-autofocus
          maxLength={200}
          {...field("name")}
          error={problems.name ?? (failure instanceof ApiError ? failure.field("name") : null)}
        />
        <Checkbox.Group
          label="Rights"
          value={words(values.rights)}
          error={problems.rights ?? null}
          onChange={(chosen) => set({ rights: chosen.join(" ") })}
        >
          <div className={styles["choices"]}>
            {RIGHTS.map((right) => (
              <Checkbox key={right} value={right} label={right} description={MEANING[right]} />
            ))}
          </div>
        </Checkbox.Group>
        <NativeSelect
          label="Flows"
          data={[
            { value: "all", label: "All flows" },
            { value: "some", label: "Only some flows, and only their jobs" },
          ]}
          {...field("scope")}
        />
        {values.scope === "some" && (
          <FlowChoice
            chosen={values.flows}
            problem={problems.flows ?? null}
            onChange={(flows) => set({ flows })}
          />
        )}
        <div className={styles["pair"]}>
          <NativeSelect label="Ends" data={[...ENDS]} {...field("ends")} />
          {values.ends === "date" && <TextInput type="datetime-local" label="At" {...field("date")} />}
          <TextInput
            label="Requests per minute"
            placeholder="the default limit"
            inputMode="numeric"
            {...field("rate")}
          />
        </div>
        <FormEnd
          failure={failure && messageOf(failure)}
          submit="Make the key"
          busy={busy}
          onClose={onClose}
        />
      </Stack>
    </form>
  );
}

interface FlowChoiceProps {
  chosen: string;
  problem: string | null;
  onChange: (flows: string) => void;
}

function FlowChoice({ chosen, problem, onChange }: FlowChoiceProps) {
  const flows = useQuery(flowsQuery).data ?? [];
  return (
    <Checkbox.Group
      label="Only these flows"
      value={words(chosen)}
      error={problem}
      onChange={(names) => onChange(names.join(" "))}
    >
      <div className={styles["flowChoices"]}>
        {flows.map(({ name }) => (
          <Checkbox key={name} value={name} label={name} />
        ))}
      </div>
    </Checkbox.Group>
  );
}
