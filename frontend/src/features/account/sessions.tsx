import { Button, Skeleton, Switch } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { messageOf } from "@/api/errors";
import type { ActiveSession } from "@/api/model";
import { endSession, sessionKeys, sessionsQuery } from "@/api/session";
import { Panel } from "@/components/panel";
import { VisibleText } from "@/components/result/visible-text";
import { Age } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import { focusMain } from "@/lib/focus";
import styles from "./account.module.css";

export function Sessions({ admin }: { admin: boolean }) {
  const [everyone, setEveryone] = useState(false);
  const query = useQuery(sessionsQuery(everyone));
  return (
    <Panel
      title={everyone ? "Everybody's sessions" : "Your sessions"}
      flush
      aside={
        admin && (
          <Switch
            label="Everybody's"
            size="sm"
            checked={everyone}
            onChange={(event) => setEveryone(event.currentTarget.checked)}
          />
        )
      }
    >
      {query.isPending && <Skeleton height={96} role="status" aria-label="Loading the sessions" />}
      {query.isError && query.data === undefined && (
        <div role="alert" className={styles["failed"]}>
          <span>{messageOf(query.error)}</span>
          <Button variant="default" onClick={() => void query.refetch()}>
            Try again
          </Button>
        </div>
      )}
      {query.data !== undefined && (
        <ul className={styles["sessions"]}>
          {query.data.map((session) => (
            <Row key={session.id} session={session} named={everyone} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

/** `named`: with whose it is. */
function Row({ session, named }: { session: ActiveSession; named: boolean }) {
  const queries = useQueryClient();
  const labelId = useId();
  const ending = useMutation({
    mutationFn: () => endSession(session.id),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: sessionKeys.list });
      // The row is gone, and the button with it.
      focusMain();
    },
    onError: (error) =>
      notifications.show({ color: "red", title: "The session was not ended", message: messageOf(error) }),
  });
  return (
    <li className={styles["session"]} data-session={session.id.slice(0, 16)}>
      <div className={styles["place"]} id={labelId}>
        {named && (
          <strong>
            <VisibleText text={session.name === "" ? session.who : session.name} />
          </strong>
        )}
        <span>
          from <code>{session.address === "" ? "an unknown address" : session.address}</code>
        </span>
        {session.current && <ToneBadge tone="green">This session</ToneBadge>}
      </div>
      <p className={styles["times"]}>
        Signed in <Age at={session.createdAt} />, last used <Age at={session.seenAt} />, ends{" "}
        <Age at={session.expiresAt} /> unless it is used
      </p>
      {!session.current && (
        <Button
          variant="default"
          size="xs"
          loading={ending.isPending}
          aria-describedby={labelId}
          onClick={() => ending.mutate()}
        >
          End
        </Button>
      )}
    </li>
  );
}
