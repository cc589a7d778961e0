import { withErrorTerm } from "@/lib/error-term";
import type { ListSearch } from "@/lib/last-list";
import { ChipLink } from "./chip-link";

interface Props {
  code: string;
  /** What the list shows then; if not given, what it shows now, of this error only. */
  search?: ListSearch;
  isTabStop?: boolean;
}

/** The code of an error; it leads to the jobs that have it. */
export function ErrorChip({ code, search, isTabStop = true }: Props) {
  return (
    <ChipLink
      tone="red"
      search={(now) => search ?? { ...now, q: withErrorTerm(now.q ?? "", code) }}
      title="Show only jobs with this error"
      isTabStop={isTabStop}
    >
      <code>{code}</code>
    </ChipLink>
  );
}
