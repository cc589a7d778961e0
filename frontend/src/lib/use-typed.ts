import { type RefObject, useEffect, useRef, useState } from "react";

const PAUSE_MS = 250;

interface Typed {
  readonly typed: string;
  readonly setTyped: (text: string) => void;
  /** What was sent last. */
  readonly sent: RefObject<string>;
}

/** What is typed into a filter's field. If the filter changes elsewhere, its value replaces what was typed. */
export function useTyped(value: string): Typed {
  const [typed, setTyped] = useState(value);
  const sent = useRef(value);
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setTyped(value);
  }, [value]);
  return { typed, setTyped, sent };
}

/** The same, sent when typing pauses, without the spaces around it. */
export function useTypedUntilPause(value: string, onChange: (value: string) => void): Omit<Typed, "sent"> {
  const { typed, setTyped, sent } = useTyped(value);
  const change = useRef(onChange);

  useEffect(() => {
    change.current = onChange;
  });

  useEffect(() => {
    const text = typed.trim();
    if (text === sent.current.trim()) return undefined;
    const timer = setTimeout(() => {
      sent.current = text;
      change.current(text);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, sent]);

  return { typed, setTyped };
}
