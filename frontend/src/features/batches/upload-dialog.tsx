import { Modal } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useKeptOpen } from "@/access/access-context";
import { batchKeys, uploadBatch } from "@/api/batches";
import type { BatchWhole } from "@/api/model";
import { forgetDraft } from "@/lib/draft";
import { UPLOAD, UploadForm } from "./upload-form";

interface Props {
  opened: boolean;
  onClose: () => void;
  onDone: (batch: BatchWhole) => void;
}

export function UploadDialog({ opened, onClose, onDone }: Props) {
  const queries = useQueryClient();
  const finish = () => {
    forgetDraft(UPLOAD);
    onClose();
    uploading.reset();
  };
  const close = useKeptOpen(finish);
  const uploading = useMutation({
    mutationFn: uploadBatch,
    onSuccess: (batch) => {
      void queries.invalidateQueries({ queryKey: batchKeys.all });
      finish();
      onDone(batch);
    },
  });
  return (
    <Modal opened={opened} onClose={close} title="Submit a file" size="lg" closeOnClickOutside={false}>
      <UploadForm
        busy={uploading.isPending}
        failure={uploading.error}
        onChoose={uploading.reset}
        onSend={(upload) => uploading.mutate(upload)}
        onClose={close}
      />
    </Modal>
  );
}
