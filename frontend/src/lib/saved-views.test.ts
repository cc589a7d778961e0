import { describe, expect, it } from "vitest";
import {
  LONGEST_NAME,
  MOST_VIEWS,
  nameProblem,
  parseViews,
  renamedView,
  type SavedView,
  saveProblem,
  withoutView,
  withView,
} from "./saved-views";

const FAILED: SavedView = { name: "Failed", search: "?status=FAILED" };
const INVOICES: SavedView = { name: "Invoices", search: "?q=invoice" };
const many = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `${i}`, search: "?q=a" }));

describe("what is stored", () => {
  it.each<[string, string | null, readonly SavedView[]]>([
    ["nothing", null, []],
    ["an empty text", "", []],
    ["half a text", '[{"name": "a', []],
    ["no list", '{"name": "a", "search": "?q=a"}', []],
    ["null", "null", []],
    ["its own", JSON.stringify([FAILED, INVOICES]), [FAILED, INVOICES]],
    ["one of two damaged", JSON.stringify([{ name: 7, search: "?q=a" }, INVOICES]), [INVOICES]],
    ["other things", JSON.stringify([null, 1, "a", [], {}, { name: "a" }, { search: "?q=a" }]), []],
    ["no address", JSON.stringify([{ name: "a", search: "https://example.com/?q=a" }]), []],
    ["too long an address", JSON.stringify([{ name: "a", search: `?q=${"a".repeat(20_000)}` }]), []],
    ["a name too long", JSON.stringify([{ name: "a".repeat(LONGEST_NAME + 1), search: "?q=a" }]), []],
    ["a name twice", JSON.stringify([FAILED, { ...FAILED, search: "?q=a" }]), [FAILED]],
    ["more of them than allowed", JSON.stringify(many(MOST_VIEWS + 1)), many(MOST_VIEWS)],
    ["fields of a later page", JSON.stringify([{ ...FAILED, colour: "red" }]), [FAILED]],
  ])("%s", (_, text, views) => expect(parseViews(text)).toEqual(views));
});

describe("changes", () => {
  const views = [FAILED, INVOICES];

  it("a new one comes last, one of the same name is replaced in its place", () => {
    expect(withView([FAILED], INVOICES)).toEqual(views);
    const other = { name: " Failed ", search: "?q=b" };
    expect(withView(views, other)).toEqual([{ name: "Failed", search: "?q=b" }, INVOICES]);
  });

  it("one is renamed or removed, the others stay", () => {
    expect(renamedView(views, "Failed", "  To   mend ")).toEqual([{ ...FAILED, name: "To mend" }, INVOICES]);
    expect(withoutView(views, "Failed")).toEqual([INVOICES]);
    expect(withoutView(views, "no such")).toEqual(views);
  });

  it.each([
    ["", "Give the view a name."],
    ["  ", "Give the view a name."],
    ["a".repeat(LONGEST_NAME), null],
    ["a".repeat(LONGEST_NAME + 1), `A name has at most ${LONGEST_NAME} characters.`],
  ])("the name %j: %j", (name, problem) => expect(nameProblem(name)).toBe(problem));

  it("there is an end to them, and to the length of a filter", () => {
    const full = many(MOST_VIEWS);
    expect(saveProblem(full, FAILED)).toBe(`There are ${MOST_VIEWS} views: delete one first.`);
    expect(saveProblem(full, { name: "0", search: "?q=b" })).toBeNull();
    expect(saveProblem([], { name: "a", search: `?q=${"a".repeat(20_000)}` })).toContain("too long");
    expect(saveProblem([], FAILED)).toBeNull();
  });
});
