import { Menu } from "@mantine/core";
import { IconAdjustmentsHorizontal } from "@tabler/icons-react";
import { useRemembered } from "@/lib/remembered";
import { COLUMNS, type Column, DENSITIES, type Density, LABELS, LOOK, USUAL } from "./look";
import { ToolButton } from "./tool-button";

const WORDS: Readonly<Record<Density, string>> = { comfortable: "Comfortable", compact: "Compact" };

/** Which columns the table has, and how high its rows are. It stays open, because several are chosen at a time. */
export function LookMenu() {
  const look = useRemembered(LOOK);
  return (
    <Menu withInitialFocusPlaceholder={false} closeOnItemClick={false} position="bottom-start" width={220}>
      <Menu.Target>
        <ToolButton icon={IconAdjustmentsHorizontal}>Display</ToolButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Rows</Menu.Label>
        <Menu.RadioGroup
          value={look.density}
          onChange={(density) => LOOK.write({ ...look, density: density as Density })}
        >
          {DENSITIES.map((density) => (
            <Menu.RadioItem key={density} value={density}>
              {WORDS[density]}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Label>Columns</Menu.Label>
        <Menu.CheckboxGroup
          value={[...look.columns]}
          onChange={(chosen) =>
            LOOK.write({ ...look, columns: COLUMNS.filter((one: Column) => chosen.includes(one)) })
          }
        >
          {COLUMNS.map((column) => (
            <Menu.CheckboxItem key={column} value={column}>
              {LABELS[column]}
            </Menu.CheckboxItem>
          ))}
        </Menu.CheckboxGroup>
        <Menu.Divider />
        <Menu.Item onClick={() => LOOK.write(USUAL)}>Reset</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
