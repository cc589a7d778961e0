import { MadeOnce } from "@/components/made-once";

/** A new secret, this once: the store has it sealed. */
export function MadeSecret({ secret, onDone }: { secret: string; onDone: () => void }) {
  return (
    <MadeOnce what="secret" text={secret} advice="Give it to the receiver now." onDone={onDone}>
      <p>
        The receiver verifies each request with it, by any library for{" "}
        <a href="https://www.standardwebhooks.com" target="_blank" rel="noreferrer">
          Standard Webhooks
        </a>
        .
      </p>
    </MadeOnce>
  );
}
