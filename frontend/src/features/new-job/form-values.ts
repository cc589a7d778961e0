import type { Submission } from "@/api/model";
import { promptProblem } from "@/lib/prompt";

/** The form's values, as text: half-typed numbers are values too. */
export type FormValues = {
  readonly prompt: string;
  readonly flow: string;
  readonly priority: string;
  readonly delaySeconds: string;
  readonly maxAttempts: string;
  readonly tags: string;
  readonly resultSchema: string;
};

export const EMPTY: FormValues = {
  prompt: "",
  flow: "",
  priority: "",
  delaySeconds: "",
  maxAttempts: "",
  tags: "",
  resultSchema: "",
};

const ADVANCED = ["priority", "delaySeconds", "maxAttempts", "tags", "resultSchema"] as const;

/** Whether a field is filled that is only shown among the options. */
export function hasOptions(values: FormValues): boolean {
  return ADVANCED.some((name) => isFilled(values[name]));
}

export type Problems = Partial<Record<keyof FormValues, string>>;

const YEAR_SECONDS = 31_536_000;
const MAX_TAGS = 20;
const MAX_TAG_LENGTH = 64;

/** All mistakes by field. The form is sent only if there are none. */
export function problemsOf(values: FormValues): Problems {
  const found: Record<keyof FormValues, string | null> = {
    prompt: promptProblem(values.prompt),
    flow: null,
    priority: integerProblem(values.priority, -100, 100),
    delaySeconds: numberProblem(values.delaySeconds, 0, YEAR_SECONDS),
    maxAttempts: integerProblem(values.maxAttempts, 1, 100),
    tags: tagsProblem(splitTags(values.tags)),
    resultSchema: schemaProblem(values.resultSchema),
  };
  return Object.fromEntries(Object.entries(found).filter(([, problem]) => problem !== null));
}

/** The request, for values without problems. Empty fields are left out. */
export function toSubmission(values: FormValues): Submission {
  const tags = splitTags(values.tags);
  return {
    prompt: values.prompt,
    ...(values.flow !== "" && { flow: values.flow }),
    ...(isFilled(values.priority) && { priority: Number(values.priority) }),
    ...(isFilled(values.delaySeconds) && { delaySeconds: Number(values.delaySeconds) }),
    ...(isFilled(values.maxAttempts) && { maxAttempts: Number(values.maxAttempts) }),
    ...(tags.length > 0 && { tags }),
    ...(isFilled(values.resultSchema) && {
      resultSchema: JSON.parse(values.resultSchema) as Record<string, unknown>,
    }),
  };
}

export function splitTags(text: string): string[] {
  const tags = text.split(",").map((tag) => tag.trim());
  return [...new Set(tags.filter((tag) => tag !== ""))];
}

function isFilled(text: string): boolean {
  return text.trim() !== "";
}

function numberProblem(text: string, least: number, most: number): string | null {
  if (!isFilled(text)) return null;
  const value = Number(text);
  if (Number.isNaN(value)) return "Must be a number.";
  if (value < least || value > most) return `Must be from ${least} to ${most.toLocaleString("en")}.`;
  return null;
}

function integerProblem(text: string, least: number, most: number): string | null {
  const problem = numberProblem(text, least, most);
  if (problem !== null || !isFilled(text)) return problem;
  return Number.isInteger(Number(text)) ? null : "Must be a whole number.";
}

function tagsProblem(tags: string[]): string | null {
  if (tags.length > MAX_TAGS) return `At most ${MAX_TAGS} tags.`;
  if (tags.some((tag) => tag.length > MAX_TAG_LENGTH))
    return `A tag has at most ${MAX_TAG_LENGTH} characters.`;
  return null;
}

function schemaProblem(text: string): string | null {
  if (!isFilled(text)) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return "A JSON Schema is an object: { … }.";
    }
    return null;
  } catch (error) {
    return `Not valid JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}
