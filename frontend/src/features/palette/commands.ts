import type { TablerIcon } from "@tabler/icons-react";
import { fitOf } from "@/lib/fuzzy";

export type CommandGroup = "Jobs" | "Saved views" | "Go to" | "Flows" | "Other";

export interface Command {
  /** Unique among all. */
  readonly id: string;
  readonly group: CommandGroup;
  readonly label: string;
  /** Other words for it. */
  readonly also?: string;
  readonly icon: TablerIcon;
  /** The single key that does the same outside of the palette. */
  readonly shortcut?: string;
  /** When it is there: always (the default), once something is typed that fits, or for anything that is typed. */
  readonly there?: "when typed" | "first" | "last";
  readonly run: () => void;
}

interface Group {
  readonly name: CommandGroup;
  readonly commands: readonly Command[];
}

const MOST_SHOWN = 40;
const JOB_ID = /^(?:\S*\/jobs\/)?([0-9a-f]{24})(?:[?#]\S*)?$/i;

/** The id of the job in what was typed or pasted: an id, or the address of a job; null if there is none. */
export function jobIdIn(typed: string): string | null {
  return JOB_ID.exec(typed.trim())?.[1]?.toLowerCase() ?? null;
}

/** The commands that fit what was typed, best first, in groups; the group of the best is the first. */
export function arranged(commands: readonly Command[], typed: string): readonly Group[] {
  const scored = commands.flatMap((command) => {
    const score = scoreOf(command, typed.trim());
    return score === null ? [] : [{ command, score }];
  });
  const best = scored.toSorted((a, b) => b.score - a.score).slice(0, MOST_SHOWN);
  const groups = new Map<CommandGroup, Command[]>();
  for (const { command } of best) groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  return [...groups].map(([name, found]) => ({ name, commands: found }));
}

function scoreOf({ label, also = "", there }: Command, typed: string): number | null {
  if (typed === "") return there === undefined ? 0 : null;
  if (there === "first") return Number.POSITIVE_INFINITY;
  if (there === "last") return 0;
  const own = fitOf(label, typed);
  if (own !== null) return own;
  const other = fitOf(`${label} ${also}`, typed);
  return other === null ? null : other / 2;
}
