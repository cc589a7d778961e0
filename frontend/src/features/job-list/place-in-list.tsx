import { Button, Tooltip } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, type TablerIcon } from "@tabler/icons-react";
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
      <Step to={place.before} icon={IconChevronLeft} name="Previous" shortcut="k" onOpen={onOpen} />
      <Step to={place.after} icon={IconChevronRight} name="Next" shortcut="j" onOpen={onOpen} />
    </nav>
  );
}

interface StepProps {
  /** The job there; undefined: there is none. */
  to: string | undefined;
  icon: TablerIcon;
  name: "Previous" | "Next";
  shortcut: string;
  onOpen: Props["onOpen"];
}

function Step({ to, icon: Icon, name, shortcut, onOpen }: StepProps) {
  return (
    <Tooltip label={`${name} in the list (${shortcut})`}>
      <Button
        variant="default"
        size="compact-sm"
        aria-label={`${name} job`}
        aria-disabled={to === undefined}
        data-disabled={to === undefined}
        onClick={() => onOpen(to)}
      >
        <Icon size={16} aria-hidden />
      </Button>
    </Tooltip>
  );
}
