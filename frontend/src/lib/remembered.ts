import { useSyncExternalStore } from "react";
import { readStored, writeStored } from "./stored";

/** A choice that this browser remembers, in all its tabs. */
export interface Remembered<T> {
  read(): T;
  write(value: T): void;
  subscribe(listener: () => void): () => void;
}

/** `parse` reads any text, also that of an older or newer page. What cannot be kept is known until the page is closed. */
export function remembered<T>(key: string, parse: (text: string | null) => T): Remembered<T> {
  const listeners = new Set<() => void>();
  let seen: { text: string | null; value: T } | null = null;
  let unkept: string | null = null;
  const read = () => {
    const text = unkept ?? readStored(key);
    // The same value as long as the same text is stored.
    if (seen === null || seen.text !== text) seen = { text, value: parse(text) };
    return seen.value;
  };
  return {
    read,
    write(value) {
      const text = JSON.stringify(value);
      unkept = writeStored(key, text) ? null : text;
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      // Another tab changed it.
      addEventListener("storage", listener);
      return () => {
        listeners.delete(listener);
        removeEventListener("storage", listener);
      };
    },
  };
}

export function useRemembered<T>(choice: Remembered<T>): T {
  return useSyncExternalStore(choice.subscribe, choice.read);
}
