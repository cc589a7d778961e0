import type { ListSearch } from "@/lib/last-list";
import { ChipLink } from "./chip-link";
import { VisibleText } from "./result/visible-text";

interface Props {
  tag: string;
  /** What the list shows then; if not given, what it shows now, of this tag only. */
  search?: ListSearch;
  isTabStop?: boolean;
}

/** A tag; it leads to the jobs that have it. */
export function TagChip({ tag, search, isTabStop = true }: Props) {
  return (
    <ChipLink
      tone="gray"
      search={(now) => search ?? { ...now, tag }}
      title={`Show only jobs with the tag ${tag}`}
      isTabStop={isTabStop}
    >
      {/* bdi: a right-to-left text must not reorder the rest of the row. */}
      <bdi>
        <VisibleText text={tag.replace(/\s+/g, " ")} />
      </bdi>
    </ChipLink>
  );
}
