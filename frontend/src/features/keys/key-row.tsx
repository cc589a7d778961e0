import { IconBan, IconRotateClockwise } from "@tabler/icons-react";
import { useState } from "react";
import { useAccess } from "@/access/access-context";
import type { ApiKey } from "@/api/model";
import { ActionButton } from "@/components/action-button";
import { Fact } from "@/components/fact-line";
import { VisibleText } from "@/components/result/visible-text";
import { RowTop } from "@/components/row-top";
import { Age } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import { madeBy } from "@/lib/made-by";
import { useNow } from "@/lib/now";
import { useBlocked } from "@/live/use-blocked";
import { stateOf, wordsForRate } from "./key-words";
import styles from "./keys.module.css";
import { RevokeDialog } from "./revoke-dialog";
import { RotateKeyDialog } from "./rotate-dialog";

export function KeyRow({ apiKey, all }: { apiKey: ApiKey; all: readonly ApiKey[] }) {
  const [dialog, setDialog] = useState<"rotate" | "revoke" | null>(null);
  const { who } = useAccess();
  const blocked = useBlocked("admin");
  const { label, tone, ended } = stateOf(apiKey, useNow());
  const own = who?.kind === "key" && who.id === apiKey.id;
  const close = () => setDialog(null);
  return (
    <li className={styles["row"]} data-key={apiKey.id} data-ended={ended || undefined}>
      <RowTop heading="h2" name={<VisibleText text={apiKey.name} />}>
        <code className={styles["id"]}>{apiKey.id}</code>
        <ToneBadge tone={tone}>{label}</ToneBadge>
        {own && <ToneBadge tone="blue">You</ToneBadge>}
      </RowTop>
      <dl className={styles["facts"]}>
        <Fact name="Rights">{apiKey.rights.join(", ")}</Fact>
        <Fact name="Flows">{apiKey.flows === null ? "all" : apiKey.flows.join(", ")}</Fact>
        <Fact name="Rate">{wordsForRate(apiKey.ratePerMinute)}</Fact>
        <Fact name="Last used">{apiKey.lastUsedAt === null ? "never" : <Age at={apiKey.lastUsedAt} />}</Fact>
        <Fact name={ended ? "Ended" : "Ends"}>
          {apiKey.revokedAt !== null ? (
            <Age at={apiKey.revokedAt} />
          ) : apiKey.expiresAt === null ? (
            "never"
          ) : (
            <Age at={apiKey.expiresAt} />
          )}
        </Fact>
        <Fact name="Made">
          <Age at={apiKey.createdAt} />, by <VisibleText text={madeBy(apiKey, all)} />
        </Fact>
      </dl>
      {!ended && (
        <div className={styles["actions"]}>
          <ActionButton
            label="Rotate…"
            hint="Makes a new key in place of this one. The old key stays valid for a while."
            icon={IconRotateClockwise}
            blocked={blocked}
            onAct={() => setDialog("rotate")}
          />
          <ActionButton
            label="Revoke…"
            icon={IconBan}
            danger
            blocked={blocked}
            onAct={() => setDialog("revoke")}
          />
        </div>
      )}
      <RotateKeyDialog opened={dialog === "rotate"} apiKey={apiKey} onClose={close} />
      <RevokeDialog opened={dialog === "revoke"} apiKey={apiKey} own={own} onClose={close} />
    </li>
  );
}
