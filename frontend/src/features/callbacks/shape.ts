import type { ResultVerdict } from "@/components/result/types";

const PREVIEW = 200;

/** One line to tell a result by. */
export function firstWords(content: string): string {
  const line = content
    .slice(0, PREVIEW * 2)
    .replace(/\s+/g, " ")
    .trim();
  return line === "" ? "(empty)" : line.slice(0, PREVIEW);
}

/** Only the server judges a result, once it is a job's. Until then: is there a JSON document to lay out? */
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
