import { useRef } from "react";
import { randomKey } from "./random-key";

/**
 * The Idempotency-Key of what is sent. The same content sent again after a failure has the same key, so that a lost
 * answer does nothing twice. Other content, or the next after `done`, gets a new key.
 */
export function useSendKey() {
  const sent = useRef<{ body: string; key: string } | null>(null);
  return {
    of: (content: unknown): string => {
      const body = JSON.stringify(content);
      if (sent.current?.body !== body) sent.current = { body, key: randomKey() };
      return sent.current.key;
    },
    done: () => {
      sent.current = null;
    },
  };
}
