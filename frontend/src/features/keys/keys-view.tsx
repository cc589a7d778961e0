import { Button, Skeleton } from "@mantine/core";
import { IconKey, IconPlugConnectedX, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { messageOf } from "@/api/errors";
import { keysQuery } from "@/api/keys";
import type { ApiKey } from "@/api/model";
import { Notice } from "@/components/notice";
import { hasDraft } from "@/lib/draft";
import { useNow } from "@/lib/now";
import { CreateDialog, NEW_KEY } from "./create-dialog";
import { KeyRow } from "./key-row";
import { stateOf } from "./key-words";
import styles from "./keys.module.css";

export function KeysView() {
  const [creating, setCreating] = useState(() => hasDraft(NEW_KEY));
  return (
    <div className={styles["page"]}>
      <header className={styles["intro"]}>
        <div>
          <h1>API keys</h1>
          <p>
            A key lets a program or a person in, with the rights that it has and no more. Its text is shown
            once, when it is made.
          </p>
        </div>
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
          New key
        </Button>
      </header>
      <Keys />
      <CreateDialog opened={creating} onClose={() => setCreating(false)} />
    </div>
  );
}

function Keys() {
  const query = useQuery(keysQuery);
  const now = useNow();
  if (query.isPending) return <Skeleton height={220} role="status" aria-label="Loading the keys" />;
  if (query.data === undefined) {
    return (
      <Notice icon={IconPlugConnectedX} title="The keys could not be loaded" tone="bad">
        <p>{messageOf(query.error)}</p>
        <Button variant="default" onClick={() => void query.refetch()}>
          Try again
        </Button>
      </Notice>
    );
  }
  const all = query.data;
  const ended = all.filter((key) => stateOf(key, now).ended);
  const valid = all.filter((key) => !ended.includes(key));
  return (
    <>
      <section className={styles["list"]} aria-label="Keys">
        {valid.length === 0 ? (
          <Notice icon={IconKey} title="No key is valid">
            <p>Programs and people need one as soon as the server runs with AUTH=keys.</p>
          </Notice>
        ) : (
          <Rows keys={valid} all={all} />
        )}
      </section>
      {ended.length > 0 && (
        <details className={styles["ended"]}>
          <summary>Revoked and expired ({ended.length.toLocaleString("en")})</summary>
          <div className={styles["list"]}>
            <Rows keys={ended} all={all} />
          </div>
        </details>
      )}
    </>
  );
}

function Rows({ keys, all }: { keys: readonly ApiKey[]; all: readonly ApiKey[] }) {
  return (
    <ul className={styles["rows"]}>
      {keys.map((key) => (
        <KeyRow key={key.id} apiKey={key} all={all} />
      ))}
    </ul>
  );
}
