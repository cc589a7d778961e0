import { Button, Group, Modal, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useKeptOpen } from "@/access/access-context";
import type { BulkRequest } from "@/api/bulk-actions";
import { flowsQuery } from "@/api/flows";
import type { BulkCount, BulkKind } from "@/api/model";
import { useDraft } from "@/lib/draft";
import { BULK_WORDS, jobs } from "./bulk-words";

interface Props {
  /** The name under which what is typed is kept. */
  draft: string;
  kind: BulkKind;
  matched: BulkCount;
  busy: boolean;
  onStart: (request: BulkRequest) => void;
  onClose: () => void;
}

/** Always mounted, so that it returns the focus when it closes; the form, with what was typed, is not. */
export function BulkDialog({ opened, ...form }: Props & { opened: boolean }) {
  const close = useKeptOpen(form.onClose);
  const { verb } = BULK_WORDS[form.kind];
  return (
    <Modal opened={opened} onClose={close} title={`${verb} ${jobs(form.matched.count, form.matched.more)}?`}>
      <BulkForm {...form} onClose={close} />
    </Modal>
  );
}

/** The server's limit. */
const LONGEST_REASON = 500;
const EMPTY = { reason: "", flow: "" };

function BulkForm({ draft, kind, matched, busy, onStart, onClose }: Props) {
  const { verb, what } = BULK_WORDS[kind];
  const [{ reason, flow }, change] = useDraft(draft, EMPTY);
  const set = (changed: Partial<typeof EMPTY>) => change((current) => ({ ...current, ...changed }));
  const flows = useQuery({ ...flowsQuery, enabled: kind === "replay" }).data ?? [];
  const hasReason = kind === "retry" || kind === "cancel";
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onStart({
          action: kind,
          ...(hasReason && reason.trim() !== "" && { reason: reason.trim() }),
          ...(kind === "replay" && flow !== "" && { flow }),
        });
      }}
    >
      <Stack gap="md">
        <p>{what} Jobs that are submitted from now on are not included.</p>
        {hasReason && (
          <TextInput
            label="Reason"
            description="Optional; kept in the history of each job"
            value={reason}
            maxLength={LONGEST_REASON}
            onChange={(event) => set({ reason: event.currentTarget.value })}
          />
        )}
        {kind === "replay" && (
          <NativeSelect
            label="Flow"
            value={flow}
            onChange={(event) => set({ flow: event.currentTarget.value })}
            data={[{ value: "", label: "Each job's own flow" }, ...flows.map((one) => one.name)]}
          />
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            Close
          </Button>
          <Button
            type="submit"
            loading={busy}
            {...(kind === "delete" && { variant: "light", color: "red", c: "var(--red-ink)" })}
          >
            {verb} {jobs(matched.count, matched.more)}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
