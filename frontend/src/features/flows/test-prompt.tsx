import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type FormEvent, useId } from "react";
import { reportCreated } from "@/api/changes";
import { messageOf } from "@/api/errors";
import { showAnswer, submitJob } from "@/api/jobs";
import { forgetDraft, useDraft } from "@/lib/draft";
import { useSendKey } from "@/lib/use-send-key";
import { useBlocked } from "@/live/use-blocked";
import styles from "./flows.module.css";

const EMPTY = { prompt: "" };

/** Sends one job to the flow, to see whether it works. */
export function TestPrompt({ flow }: { flow: string }) {
  const queries = useQueryClient();
  const blocked = useBlocked("submit");
  const draft = `test-${flow}`;
  const [{ prompt }, change] = useDraft(draft, EMPTY);
  const whyId = useId();
  const key = useSendKey();
  const send = useMutation({
    mutationFn: (text: string) => {
      const submission = { prompt: text, flow };
      return submitJob(submission, key.of(submission));
    },
    onSuccess: (job) => {
      key.done();
      forgetDraft(draft);
      change(() => EMPTY);
      showAnswer(queries, job);
      reportCreated();
    },
  });
  const submitted = (event: FormEvent) => {
    event.preventDefault();
    if (blocked === null && prompt.trim() !== "" && !send.isPending) send.mutate(prompt);
  };
  return (
    <form className={styles["test"]} onSubmit={submitted}>
      <TextInput
        label="Test prompt"
        className={styles["prompt"] ?? ""}
        value={prompt}
        onChange={(event) => {
          const { value } = event.target;
          change(() => ({ prompt: value }));
        }}
      />
      <Button
        type="submit"
        variant="default"
        loading={send.isPending}
        disabled={blocked !== null || prompt.trim() === ""}
        aria-describedby={blocked === null ? undefined : whyId}
      >
        Send
      </Button>
      <p role="status" id={whyId} className={styles["sent"]}>
        {blocked !== null && blocked}
        {blocked === null && send.isError && messageOf(send.error)}
        {blocked === null && send.isSuccess && (
          <>
            Created.{" "}
            <Link to="/jobs/$id" params={{ id: send.data.id }}>
              Open the job
            </Link>
          </>
        )}
      </p>
    </form>
  );
}
