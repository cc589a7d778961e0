import { Checkbox, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { ApiError, messageOf } from "@/api/errors";
import { flowsQuery } from "@/api/flows";
import type { EndpointRequest } from "@/api/model";
import { FormEnd } from "@/components/form-end";
import { useDraft } from "@/lib/draft";
import { words } from "@/lib/words";
import { type EndpointValues, problemsOf, toRequest } from "./endpoint-values";
import styles from "./webhooks.module.css";
import { EVENTS } from "./words";

interface Props {
  draft: string;
  initial: EndpointValues;
  submit: string;
  busy: boolean;
  failure: Error | null;
  onSend: (request: EndpointRequest) => void;
  onClose: () => void;
}

export function EndpointForm({ draft, initial, submit, busy, failure, onSend, onClose }: Props) {
  const [values, change] = useDraft(draft, initial);
  const [attempted, setAttempted] = useState(false);
  const set = (changed: Partial<EndpointValues>) => change((current) => ({ ...current, ...changed }));
  const problems = attempted ? problemsOf(values) : {};
  const refused = (name: string) => (failure instanceof ApiError ? failure.field(name) : null);
  const fieldsRefused = ["url", "description", "events", "flows"].some((name) => refused(name) !== null);
  const send = (event: FormEvent) => {
    event.preventDefault();
    setAttempted(true);
    if (!busy && Object.keys(problemsOf(values)).length === 0) onSend(toRequest(values));
  };
  return (
    <form onSubmit={send} noValidate>
      <Stack gap="md">
        <TextInput
          label="URL"
          type="url"
          placeholder="https://example.com/hooks/jobs"
          data-autofocus
          maxLength={2048}
          value={values.url}
          error={problems.url ?? refused("url")}
          onChange={(event) => set({ url: event.currentTarget.value })}
        />
        <TextInput
          label="Description"
          placeholder="pager of the night shift"
          maxLength={200}
          value={values.description}
          error={refused("description")}
          onChange={(event) => set({ description: event.currentTarget.value })}
        />
        <Checkbox.Group
          label="Events"
          description="Which ends of jobs are sent to the endpoint"
          value={words(values.events)}
          error={problems.events ?? refused("events")}
          onChange={(chosen) => set({ events: EVENTS.filter((one) => chosen.includes(one)).join(" ") })}
        >
          <div className={styles["choices"]}>
            {EVENTS.map((event) => (
              <Checkbox key={event} value={event} label={event} />
            ))}
          </div>
        </Checkbox.Group>
        <NativeSelect
          label="Flows"
          data={[
            { value: "all", label: "Jobs of all flows" },
            { value: "some", label: "Only jobs of some flows" },
          ]}
          value={values.scope}
          onChange={(event) => set({ scope: event.currentTarget.value })}
        />
        {values.scope === "some" && (
          <FlowChoice
            chosen={words(values.flows)}
            problem={problems.flows ?? refused("flows")}
            onChange={(flows) => set({ flows: flows.join(" ") })}
          />
        )}
        <FormEnd
          failure={failure !== null && !fieldsRefused ? messageOf(failure) : null}
          submit={submit}
          busy={busy}
          onClose={onClose}
        />
      </Stack>
    </form>
  );
}

interface FlowChoiceProps {
  chosen: readonly string[];
  problem: string | null;
  onChange: (flows: string[]) => void;
}

function FlowChoice({ chosen, problem, onChange }: FlowChoiceProps) {
  const flows = useQuery(flowsQuery).data ?? [];
  // A flow that is no longer configured is shown as long as it is chosen.
  const names = [...new Set([...flows.map(({ name }) => name), ...chosen])];
  return (
    <Checkbox.Group label="Only these flows" value={[...chosen]} error={problem} onChange={onChange}>
      <div className={styles["choices"]}>
        {names.map((name) => (
          <Checkbox key={name} value={name} label={name} />
        ))}
      </div>
    </Checkbox.Group>
  );
}
