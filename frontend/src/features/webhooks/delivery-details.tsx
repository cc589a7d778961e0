import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { messageOf } from "@/api/errors";
import type { Delivery, Try } from "@/api/model";
import { deliveryQuery } from "@/api/webhooks";
import { CopyButton } from "@/components/copy-button";
import { JsonView } from "@/components/result/json-view";
import { VisibleText } from "@/components/result/visible-text";
import { Age } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import styles from "./deliveries.module.css";
import { wordsForTry } from "./words";

/** What is sent, and what came back each time. */
export function DeliveryDetails({ delivery }: { delivery: Delivery }) {
  return (
    <>
      <Tries tries={delivery.tries} />
      <Request delivery={delivery} />
    </>
  );
}

function Tries({ tries }: { tries: readonly Try[] }) {
  if (tries.length === 0) return <p className={styles["none"]}>Not sent yet.</p>;
  return (
    <ol className={styles["tries"]} aria-label="Tries, newest first" reversed>
      {tries.toReversed().map((one) => (
        <li key={one.at} className={styles["try"]}>
          <div className={styles["tryTop"]}>
            <ToneBadge tone={one.status !== null && one.status >= 200 && one.status < 300 ? "green" : "red"}>
              {one.status ?? "No answer"}
            </ToneBadge>
            <span>{capital(wordsForTry(one))}</span>
            <span className={styles["when"]}>
              <Age at={one.at} />
            </span>
          </div>
          {one.error !== null && (
            <p className={styles["error"]}>
              <VisibleText text={one.error} />
            </p>
          )}
          {one.answer !== "" && (
            <pre className={styles["answer"]}>
              <VisibleText text={one.answer} />
            </pre>
          )}
        </li>
      ))}
    </ol>
  );
}

function Request({ delivery }: { delivery: Delivery }) {
  const whole = useQuery(deliveryQuery(delivery.id));
  return (
    <div className={styles["request"]}>
      <p className={styles["line"]}>
        <strong>POST</strong>{" "}
        <code>
          <VisibleText text={delivery.url} />
        </code>
      </p>
      <p className={styles["line"]}>
        <span>webhook-id</span> <code>{delivery.messageId}</code>
      </p>
      {whole.data !== undefined && (
        <div className={styles["body"]}>
          <JsonView text={whole.data.body} label="The body that is sent, laid out" />
          <div className={styles["copy"]}>
            <CopyButton text={whole.data.body} what="the body, byte for byte" />
          </div>
        </div>
      )}
      {whole.data === undefined && whole.isError && (
        <div role="alert" className={styles["line"]}>
          {messageOf(whole.error)}{" "}
          <Button variant="subtle" size="compact-sm" onClick={() => void whole.refetch()}>
            Try again
          </Button>
        </div>
      )}
      {whole.isPending && !whole.isError && (
        <p role="status" className={styles["line"]}>
          Loading the body…
        </p>
      )}
    </div>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
