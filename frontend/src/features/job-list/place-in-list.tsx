import { Button, Tooltip } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import styles from "./neighbours.module.css";
import type { Place } from "./use-neighbours";

interface Props {
  place: Place;
  onOpen: (id: string | undefined) => void;
}

/** Where a job stands in the list, with buttons to the ones before and after it. */
export function PlaceInList({ place, onOpen }: Props) {
  return (
    <nav className={styles["neighbours"]} aria-label="Jobs of the list">
      <span className="numbers">{place.words}</span>
      <Tooltip label="Previous in the list (k)">
        <Button
          variant="default"
          size="compact-sm"
          aria-label="Previous job"
          aria-disabled={place.before === undefined}
          data-disabled={place.before === undefined}
          onClick={() => onOpen(place.before)}
        >
          <IconChevronLeft size={16} aria-hidden />
        </Button>
      </Tooltip>
      <Tooltip label="Next in the list (j)">
        <Button
          variant="default"
          size="compact-sm"
          aria-label="Next job"
          aria-disabled={place.after === undefined}
          data-disabled={place.after === undefined}
          onClick={() => onOpen(place.after)}
        >
          <IconChevronRight size={16} aria-hidden />
        </Button>
      </Tooltip>
    </nav>
  );
}
