import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconLogout, IconUserOff } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useSignOut } from "@/access/access-context";
import { MEANING, nameOf, RIGHTS, signsIn } from "@/access/words";
import { messageOf } from "@/api/errors";
import type { Session } from "@/api/model";
import { may } from "@/api/session";
import { Fact } from "@/components/fact-line";
import { Notice } from "@/components/notice";
import { Panel } from "@/components/panel";
import { VisibleText } from "@/components/result/visible-text";
import { Age } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import styles from "./account.module.css";
import { Sessions } from "./sessions";

export function AccountView({ who }: { who: Session }) {
  return (
    <div className={styles["page"]}>
      <h1>My account</h1>
      {signsIn(who) ? (
        <>
          <Person who={who} />
          <Sessions admin={may(who, "admin")} />
        </>
      ) : (
        <NoLogin proxy={who.kind === "proxy"} />
      )}
    </div>
  );
}

function NoLogin({ proxy }: { proxy: boolean }) {
  return (
    <Notice icon={IconUserOff} title="This server has no sign-in">
      <p>
        {proxy
          ? "The reverse proxy in front of this server decides who may use it. Everybody whom the proxy lets through may do everything."
          : "This server runs without sign-in, as on one person's own machine: everybody who can reach it may do everything."}
      </p>
    </Notice>
  );
}

function Person({ who }: { who: Session }) {
  const signOut = useSignOut();
  const leaving = useMutation({
    mutationFn: signOut,
    onError: (error) =>
      notifications.show({ color: "red", title: "You are still signed in", message: messageOf(error) }),
  });
  return (
    <Panel title="Who you are">
      <dl className={styles["facts"]}>
        <Fact name={who.kind === "key" ? "API key" : "Person"}>
          <strong>
            <VisibleText text={nameOf(who)} />
          </strong>{" "}
          {who.name !== "" && (
            <code className={styles["id"]}>
              <VisibleText text={who.id} />
            </code>
          )}
        </Fact>
        <Fact name="Rights">
          <ul className={styles["rights"]}>
            {RIGHTS.filter((right) => may(who, right)).map((right) => (
              <li key={right}>
                <ToneBadge tone="gray">{right}</ToneBadge> {MEANING[right]}
              </li>
            ))}
          </ul>
        </Fact>
        <Fact name="Flows">
          {who.flows === null ? "all" : `only ${who.flows.join(", ")}; you do not see other jobs`}
        </Fact>
        <Fact name={who.kind === "key" ? "The key ends" : "Ends"}>
          {who.expiresAt === null ? "never" : <Age at={who.expiresAt} />}
        </Fact>
      </dl>
      <div className={styles["actions"]}>
        <Button
          variant="default"
          leftSection={<IconLogout size={16} aria-hidden />}
          loading={leaving.isPending}
          onClick={() => leaving.mutate(false)}
        >
          Sign out
        </Button>
        <Button variant="default" loading={leaving.isPending} onClick={() => leaving.mutate(true)}>
          Sign out everywhere
        </Button>
      </div>
    </Panel>
  );
}
