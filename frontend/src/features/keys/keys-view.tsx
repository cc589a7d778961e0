import { Button, Skeleton } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { messageOf } from "@/api/errors";
import { keysQuery } from "@/api/keys";
import type { ApiKey } from "@/api/model";
import { Card } from "@/components/card";
import { NotLoaded } from "@/components/not-loaded";
import { Notice } from "@/components/notice";
import { PageFrame } from "@/components/page-frame";
import { Rows } from "@/components/rows";
import { hasDraft } from "@/lib/draft";
import { useNow } from "@/lib/now";
import { CreateDialog, NEW_KEY } from "./create-dialog";
import { KeyRow } from "./key-row";
import { stateOf } from "./key-words";
import styles from "./keys.module.css";

export function KeysView() {
  const [creating, setCreating] = useState(() => hasDraft(NEW_KEY));
  return (
    <PageFrame
      title="API keys"
      about="An API key lets a program or a person use this server, with the rights of the key. The key is shown only once, when it is made."
      action={
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
          New key
        </Button>
      }
    >
      <Keys />
      <CreateDialog opened={creating} onClose={() => setCreating(false)} />
    </PageFrame>
  );
}

function Keys() {
  const query = useQuery(keysQuery);
  const now = useNow();
  if (query.isPending) return <Skeleton height={220} role="status" aria-label="Loading the keys" />;
  if (query.data === undefined) {
    return <NotLoaded what="The keys" why={messageOf(query.error)} onRetry={() => void query.refetch()} />;
  }
  const all = query.data;
  const ended = all.filter((key) => stateOf(key, now).ended);
  const valid = all.filter((key) => !ended.includes(key));
  return (
    <>
      <Card label="Keys">
        {valid.length === 0 ? (
          <Notice icon={IconKey} title="No key is valid">
            <p>Programs and people need a key as soon as the server runs with AUTH=keys.</p>
          </Notice>
        ) : (
          <KeyRows keys={valid} all={all} />
        )}
      </Card>
      {ended.length > 0 && (
        <details className={styles["ended"]}>
          <summary>Revoked and expired ({ended.length.toLocaleString("en")})</summary>
          <Card>
            <KeyRows keys={ended} all={all} />
          </Card>
        </details>
      )}
    </>
  );
}

function KeyRows({ keys, all }: { keys: readonly ApiKey[]; all: readonly ApiKey[] }) {
  return (
    <Rows>
      {keys.map((key) => (
        <KeyRow key={key.id} apiKey={key} all={all} />
      ))}
    </Rows>
  );
}
