import { Modal } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useKeptOpen } from "@/access/access-context";
import type { Endpoint, EndpointRequest } from "@/api/model";
import { changeEndpoint, createEndpoint, webhookKeys } from "@/api/webhooks";
import { OnceDialog } from "@/components/once-dialog";
import { forgetDraft } from "@/lib/draft";
import { EndpointForm } from "./endpoint-form";
import { EMPTY, valuesOf } from "./endpoint-values";
import { MadeSecret } from "./made-secret";

/** The name under which a half-filled form is kept. */
export const NEW_ENDPOINT = "new-endpoint";

export function CreateDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const creating = useMutation({
    mutationFn: createEndpoint,
    onSuccess: () => {
      forgetDraft(NEW_ENDPOINT);
      void queries.invalidateQueries({ queryKey: webhookKeys.endpoints });
    },
  });
  const made = creating.data;
  const close = useKeptOpen(() => {
    forgetDraft(NEW_ENDPOINT);
    onClose();
    creating.reset();
  });
  return (
    <OnceDialog
      opened={opened}
      title="New endpoint"
      madeTitle="Copy the secret of the endpoint"
      made={made === undefined ? null : <MadeSecret secret={made.secret} onDone={close} />}
      isForm
      onClose={close}
    >
      <EndpointForm
        draft={NEW_ENDPOINT}
        initial={EMPTY}
        submit="Make the endpoint"
        busy={creating.isPending}
        failure={creating.error}
        onSend={(request) => creating.mutate(request)}
        onClose={close}
      />
    </OnceDialog>
  );
}

interface EditProps {
  opened: boolean;
  endpoint: Endpoint;
  onClose: () => void;
}

export function EditDialog({ opened, endpoint, onClose }: EditProps) {
  const queries = useQueryClient();
  const draft = draftOf(endpoint.id);
  const close = useKeptOpen(() => {
    forgetDraft(draft);
    onClose();
    changing.reset();
  });
  const changing = useMutation({
    mutationFn: (request: EndpointRequest) => changeEndpoint(endpoint.id, request),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: webhookKeys.endpoints });
      close();
    },
  });
  return (
    <Modal opened={opened} onClose={close} title="Edit the endpoint" size="lg" closeOnClickOutside={false}>
      <EndpointForm
        draft={draft}
        initial={valuesOf(endpoint)}
        submit="Save"
        busy={changing.isPending}
        failure={changing.error}
        onSend={(request) => changing.mutate(request)}
        onClose={close}
      />
    </Modal>
  );
}

export function draftOf(endpointId: string): string {
  return `endpoint-${endpointId}`;
}
