import { IconX } from "@tabler/icons-react";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import { FilterChips } from "./filter-chips";

const CHIPS = ["a", "b", "c"].map((value) => ({ value, label: value, icon: IconX, tone: "gray" as const }));

it.each([
  [[], "", "a", ["a"]],
  [["b"], "", "a", ["a"]],
  [["a", "b"], "", "a", ["a"]],
  [["a"], "", "a", []],
  [["b"], "{Control>}", "a", ["b", "a"]],
  [["b"], "{Shift>}", "a", ["b", "a"]],
  [["b"], "{Meta>}", "a", ["b", "a"]],
  [["a", "b"], "{Control>}", "a", ["b"]],
])("of %j a click with %j on %s leaves %j", async (chosen, held, pressed, after) => {
  const onChange = vi.fn();
  const user = userEvent.setup();
  render(<FilterChips legend="Filter" chips={CHIPS} chosen={chosen} onChange={onChange} />);
  if (held !== "") await user.keyboard(held);
  await user.click(screen.getByRole("button", { name: pressed }));
  expect(onChange.mock.calls).toEqual([[after]]);
});
