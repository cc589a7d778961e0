import { IconList } from "@tabler/icons-react";
import { describe, expect, it } from "vitest";
import { arranged, type Command, jobIdIn } from "./commands";

const ID = "0123456789abcdef01234567";

function command(group: Command["group"], label: string, more: Partial<Command> = {}): Command {
  return { id: label, group, label, icon: IconList, run: () => {}, ...more };
}

const COMMANDS = [
  command("Jobs", "Open the job", { there: "first" }),
  command("Jobs", "New job"),
  command("Saved views", "Invoices"),
  command("Go to", "Jobs"),
  command("Go to", "Flows"),
  command("Flows", "Pause invoices", { there: "when typed" }),
  command("Other", "Dark colours", { also: "theme mode" }),
  command("Jobs", "Search jobs for", { there: "last" }),
];

function shown(commands: readonly Command[], typed: string) {
  return arranged(commands, typed).map(({ name, commands: found }) => [
    name,
    ...found.map(({ label }) => label),
  ]);
}

describe("the commands", () => {
  it("are all there in their groups while nothing is typed, but for those that need words", () =>
    expect(shown(COMMANDS, " ")).toEqual([
      ["Jobs", "New job"],
      ["Saved views", "Invoices"],
      ["Go to", "Jobs", "Flows"],
      ["Other", "Dark colours"],
    ]));

  it("an id comes first, a search of the jobs last, whatever was typed", () =>
    expect(shown(COMMANDS, "zebra")).toEqual([["Jobs", "Open the job", "Search jobs for"]]));

  it("the best comes first, with its group", () =>
    expect(shown(COMMANDS.slice(1), "inv")).toEqual([
      ["Saved views", "Invoices"],
      ["Flows", "Pause invoices"],
      ["Jobs", "Search jobs for"],
    ]));

  it("are found by other words too, after those whose name fits", () => {
    const modes = [command("Other", "Light", { also: "mode" }), command("Saved views", "Slow mode")];
    expect(shown(modes, "mode")).toEqual([
      ["Saved views", "Slow mode"],
      ["Other", "Light"],
    ]);
  });

  it("are not more than can be looked through", () => {
    const many = Array.from({ length: 500 }, (_, i) => command("Flows", `Pause ${i}`));
    expect(shown(many, "pause")[0]).toHaveLength(41);
  });
});

it.each([
  [ID, ID],
  [` ${ID.toUpperCase()} `, ID],
  [`https://jobs.example.com/ui/jobs/${ID}?x=1`, ID],
  [`/jobs/${ID}`, ID],
  [`/batches/${ID}`, null],
  [ID.slice(1), null],
  [`${ID}0`, null],
  [`the job ${ID}`, null],
  ["", null],
])("the job's id in %j is %j", (typed, id) => expect(jobIdIn(typed)).toBe(id));
