import type { ResultVerdict } from "@/components/result/types";

const PREVIEW = 200;

/** A one-line preview of a result. */
export function firstWords(content: string): string {
  const line = content
    .slice(0, PREVIEW * 2)
    .replace(/\s+/g, " ")
    .trim();
  return line === "" ? "(empty)" : line.slice(0, PREVIEW);
}

/** Only the server gives a verdict, when the result is a job's. Until then: can the content be formatted as JSON? */
export function likelyVerdict(content: string): ResultVerdict {
  return {
    kind: isDocument(content) ? "json" : "text",
    error: null,
    repaired: null,
    schemaErrors: [],
    warnings: [],
    note: null,
  };
}

function isDocument(content: string): boolean {
  if (!/^\s*[{[]/.test(content)) return false;
  try {
    JSON.parse(content);
    return true;
  } catch {
    return false;
  }
}
