import { Stack } from "@mantine/core";
import { BASE_PATH } from "@/api/base-path";
import type { MadeKey } from "@/api/model";
import { may } from "@/api/session";
import { CodeLine } from "@/components/code-line";
import { MadeOnce } from "@/components/made-once";

/** The key's text, this once: it is in no store. */
export function MadeKeyView({ made, onDone }: { made: MadeKey; onDone: () => void }) {
  const path = BASE_PATH + (may(made, "read") ? "/jobs" : "/session");
  return (
    <MadeOnce what="key" text={made.key} advice="Copy it into a secret store now." onDone={onDone}>
      <Stack gap={8}>
        <p>Send it with each request, or paste it where this page asks you to sign in:</p>
        <CodeLine
          code={`curl ${location.origin}${path} -H "Authorization: Bearer $JOB_PROCESSOR_KEY"`}
          what="the command"
        />
      </Stack>
    </MadeOnce>
  );
}
