import type { KeyRequest, Right } from "@/api/model";
import { fromLocal } from "@/lib/local-time";
import { words } from "@/lib/words";

/** The form's values as text, as they are kept while somebody types. Lists are separated by spaces. */
export type KeyValues = {
  readonly name: string;
  readonly rights: string;
  /** "all" or "some". */
  readonly scope: string;
  readonly flows: string;
  /** Days, "never" or "date". */
  readonly ends: string;
  /** Local time of a field, with "date". */
  readonly date: string;
  readonly rate: string;
};

export const EMPTY: KeyValues = {
  name: "",
  rights: "read submit",
  scope: "all",
  flows: "",
  ends: "90",
  date: "",
  rate: "",
};

export const ENDS: readonly { value: string; label: string }[] = [
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
  { value: "date", label: "On a date…" },
  { value: "never", label: "Never" },
];

export type Problems = Partial<Record<keyof KeyValues, string>>;

const DAY_MS = 86_400_000;
const MOST_A_MINUTE = 1_000_000;
const LONGEST_NAME = 100;

export function problemsOf(values: KeyValues, now: number): Problems {
  const found: Problems = {};
  if (values.name.trim() === "") found.name = "Give the key a name.";
  if (values.name.trim().length > LONGEST_NAME) found.name = `At most ${LONGEST_NAME} characters.`;
  if (words(values.rights).length === 0) found.rights = "Choose at least one right.";
  if (values.scope === "some" && words(values.flows).length === 0) found.flows = "Choose at least one flow.";
  if (values.ends === "date") {
    const at = fromLocal(values.date);
    if (at === null) found.date = "Choose a date and a time.";
    else if (at <= now) found.date = "Choose a time in the future.";
  }
  if (values.rate.trim() !== "") {
    const rate = Number(values.rate);
    if (!Number.isInteger(rate) || rate < 1 || rate > MOST_A_MINUTE) {
      found.rate = `A whole number from 1 to ${MOST_A_MINUTE.toLocaleString("en")}.`;
    }
  }
  return found;
}

/** The request, for values without problems. */
export function toRequest(values: KeyValues, now: number): KeyRequest {
  const at = endOf(values, now);
  return {
    name: values.name.trim(),
    rights: words(values.rights) as Right[],
    ...(values.scope === "some" && { flows: words(values.flows) }),
    ...(at !== null && { expiresAt: new Date(at).toISOString() }),
    ...(values.rate.trim() !== "" && { ratePerMinute: Number(values.rate) }),
  };
}

function endOf(values: KeyValues, now: number): number | null {
  if (values.ends === "never") return null;
  return values.ends === "date" ? fromLocal(values.date) : now + Number(values.ends) * DAY_MS;
}
