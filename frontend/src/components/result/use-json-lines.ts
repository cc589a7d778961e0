import { useEffect, useState } from "react";
import { type JsonLines, layOutJson } from "@/lib/json-layout";

interface Found extends JsonLines {
  readonly text: string;
  readonly complete: boolean;
}

/** The lines of a text. Of a big one there are more and more of them, and the page stays responsive meanwhile. */
export function useJsonLines(text: string): Found {
  const [state, setState] = useState(() => begin(text));
  const current = state.found.text === text ? state : begin(text);
  if (current !== state) setState(current);

  useEffect(() => {
    if (current.found.complete) return undefined;
    const timer = setTimeout(() => setState(goOn(text, current.steps)));
    return () => clearTimeout(timer);
  }, [text, current]);

  return current.found;
}

type Steps = ReturnType<typeof layOutJson>;

function begin(text: string) {
  return goOn(text, layOutJson(text));
}

function goOn(text: string, steps: Steps): { steps: Steps; found: Found } {
  const { value, done } = steps.next();
  // A new object each time: the lines themselves are the same array, which grows.
  return { steps, found: { ...value, text, complete: done === true } };
}
