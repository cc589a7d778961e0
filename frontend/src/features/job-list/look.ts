import { remembered } from "@/lib/remembered";

export const COLUMNS = ["flow", "key", "priority", "attempt", "created", "ended", "duration"] as const;
export type Column = (typeof COLUMNS)[number];

export const DENSITIES = ["comfortable", "compact"] as const;
export type Density = (typeof DENSITIES)[number];

/** How the table of the list looks. `columns`: beside status and prompt, in the order in which they are shown. */
export interface Look {
  readonly density: Density;
  readonly columns: readonly Column[];
}

export const USUAL: Look = { density: "comfortable", columns: ["flow", "created", "duration"] };

/** The height of a row with its line below; the style sheet has the same. */
export const ROW_HEIGHTS: Readonly<Record<Density, number>> = { comfortable: 57, compact: 37 };

export const LABELS: Readonly<Record<Column, string>> = {
  flow: "Flow",
  key: "Key",
  priority: "Priority",
  attempt: "Attempt",
  created: "Created",
  ended: "Ended",
  duration: "Duration",
};

/** In px. */
export const WIDTHS: Readonly<Record<Column, number>> = {
  flow: 112,
  key: 128,
  priority: 80,
  attempt: 84,
  created: 104,
  ended: 104,
  duration: 96,
};

/** Reads anything that was stored; what is not known is left out. */
export function parseLook(text: string | null): Look {
  let found: unknown;
  try {
    found = JSON.parse(text ?? "null");
  } catch {
    return USUAL;
  }
  if (typeof found !== "object" || found === null) return USUAL;
  const { density, columns } = found as Record<string, unknown>;
  return {
    density: DENSITIES.find((one) => one === density) ?? USUAL.density,
    columns: Array.isArray(columns) ? COLUMNS.filter((one) => columns.includes(one)) : USUAL.columns,
  };
}

export const LOOK = remembered("job-processor-list", parseLook);
