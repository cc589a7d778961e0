import { useCallback, useEffect, useRef, useState } from "react";

/**
 * What somebody types, kept in this tab (sessionStorage) while it differs from what the form began with: a session may
 * end, or an identity provider may take the page away, while they type. Sign-out forgets all drafts.
 */
export type Draft = Readonly<Record<string, string>>;

const PREFIX = "job-processor-draft:";
const PAUSE_MS = 300;

/** Incremented when drafts are forgotten: a form that is still shown then must not write its own again. */
const generations = new Map<string, number>();
let ofAll = 0;

export function useDraft<T extends Draft>(
  name: string,
  initial: T,
): readonly [T, (how: (current: T) => T) => void] {
  const [values, setValues] = useState<T>(() => ({ ...initial, ...readDraft(name, initial) }));
  const begun = useRef(initial);
  const mine = useRef(generationOf(name));

  useEffect(() => {
    const keep = () => {
      if (mine.current === generationOf(name)) writeDraft(name, values, begun.current);
    };
    const timer = setTimeout(keep, PAUSE_MS);
    addEventListener("pagehide", keep);
    return () => {
      clearTimeout(timer);
      removeEventListener("pagehide", keep);
      keep();
    };
  }, [name, values]);

  const change = useCallback(
    (how: (current: T) => T) => {
      mine.current = generationOf(name);
      setValues(how);
    },
    [name],
  );
  return [values, change];
}

export function hasDraft(name: string): boolean {
  return read(PREFIX + name) !== null;
}

/** It was sent, or given up. */
export function forgetDraft(name: string): void {
  generations.set(name, (generations.get(name) ?? 0) + 1);
  remove(PREFIX + name);
}

/** Somebody else may use this tab next. */
export function forgetDrafts(): void {
  ofAll += 1;
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) remove(key);
  } catch {
    // Storage is forbidden, so there is nothing in it.
  }
}

function generationOf(name: string): number {
  return ofAll + (generations.get(name) ?? 0);
}

function readDraft<T extends Draft>(name: string, initial: T): Partial<T> {
  try {
    const value: unknown = JSON.parse(read(PREFIX + name) ?? "{}");
    if (typeof value !== "object" || value === null) return {};
    const known = Object.entries(value).filter(
      ([field, text]) => Object.hasOwn(initial, field) && typeof text === "string",
    );
    return Object.fromEntries(known) as Partial<T>;
  } catch {
    return {};
  }
}

function writeDraft(name: string, values: Draft, initial: Draft): void {
  const changed = Object.keys(initial).some((field) => values[field] !== initial[field]);
  if (!changed) {
    remove(PREFIX + name);
    return;
  }
  try {
    sessionStorage.setItem(PREFIX + name, JSON.stringify(values));
  } catch {
    // Forbidden or full: what was typed is then kept until the page is closed.
  }
}

function read(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function remove(key: string): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // Storage is forbidden, so there is nothing in it.
  }
}
