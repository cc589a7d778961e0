import { Button } from "@mantine/core";
import { IconFilterOff } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Notice } from "./notice";

interface Props {
  title: string;
  children?: ReactNode;
  onClear: () => void;
}

/** In place of a list in which the filters leave nothing. */
export function NoMatch({ title, children, onClear }: Props) {
  return (
    <Notice icon={IconFilterOff} title={title}>
      {children}
      <Button variant="default" onClick={onClear}>
        Clear all filters
      </Button>
    </Notice>
  );
}
