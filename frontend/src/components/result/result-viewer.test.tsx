import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { renderAlone } from "@/testing/render";
import { ResultViewer } from "./result-viewer";
import type { ResultVerdict } from "./types";

const plain: ResultVerdict = {
  kind: "json",
  error: null,
  repaired: null,
  schemaErrors: [],
  warnings: [],
  note: null,
};
const raw = `{"a": 1, 'b': 2,}`;
const malformed: ResultVerdict = {
  ...plain,
  kind: "malformed",
  error: { message: "Expecting a quoted name", line: 1, column: 10 },
  repaired: {
    text: '{"a": 1, "b": 12345678901234567890}',
    edits: [
      { position: 9, before: "'", after: '"' },
      { position: 15, before: ",", after: "" },
    ],
    cut: false,
    dropped: null,
  },
};

function show(result: string, verdict: ResultVerdict | null) {
  return renderAlone(<ResultViewer result={result} verdict={verdict} name="test" />);
}

describe("valid JSON", () => {
  it("is formatted, with big numbers exact, and raw on request", async () => {
    show('{"id":12345678901234567890}', plain);
    expect(screen.getByRole("group", { name: "The result, formatted" })).toHaveTextContent(
      '{ "id": 12345678901234567890 }',
    );
    await userEvent.click(screen.getByRole("tab", { name: "Raw" }));
    expect(screen.getByRole("group", { name: "The raw result" }).textContent).toBe(
      '{"id":12345678901234567890}',
    );
  });

  it("of another shape than asked for says where", () => {
    show("{}", {
      ...plain,
      kind: "schema_mismatch",
      schemaErrors: [{ path: "/a", message: "is missing" }],
    });
    expect(screen.getByTestId("result-error")).toHaveTextContent("/a is missing");
  });
});

describe("valid JSON with something odd about it", () => {
  const warnings = [
    { code: "duplicate_name", path: "/a", line: 1, column: 10, message: "This name stands twice." },
    { code: "cut_off", path: "", line: 1, column: 16, message: "It may be cut off." },
  ];

  it("names each oddity with its place, and is shown as JSON", () => {
    show('{"a": 1, "a": 2}', { ...plain, warnings });
    const found = screen.getByTestId("result-warnings");
    expect(found).toHaveTextContent("/a at line 1, column 10: This name stands twice.");
    expect(found).toHaveTextContent("(the whole result) at line 1, column 16: It may be cut off.");
    expect(screen.queryByTestId("result-error")).not.toBeInTheDocument();
    expect(screen.getByRole("tab", { name: "JSON" })).toHaveAttribute("aria-selected", "true");
  });

  it("is said of a deep place by the end of its path", () => {
    const deep = {
      code: "too_deep",
      path: `/first${"/0".repeat(200)}/last`,
      line: 1,
      column: 9,
      message: "Deep.",
    };
    show("[]", { ...plain, warnings: [deep] });
    const found = screen.getByTestId("result-warnings");
    expect(found).toHaveTextContent(/…(\/0)+\/last at line 1/);
    expect(found).not.toHaveTextContent("/first");
  });

  it("stands beside what does not fit", () => {
    show("{}", {
      ...plain,
      kind: "schema_mismatch",
      schemaErrors: [{ path: "/a", message: "is missing" }],
      warnings,
    });
    expect(screen.getByTestId("result-error")).toHaveTextContent("/a is missing");
    expect(screen.getByTestId("result-warnings")).toBeInTheDocument();
  });
});

describe("a result that was not checked", () => {
  it("says why, and shows the raw text", () => {
    show('{"a": 1}', { ...plain, kind: "unchecked", note: "It took too long." });
    expect(screen.getByTestId("result-error")).toHaveTextContent(/Not checked\s*It took too long\./);
    expect(screen.getByRole("group", { name: "The raw result" }).textContent).toBe('{"a": 1}');
  });

  it("of which only the details are not known says so", () => {
    show("{}", { ...plain, kind: "schema_mismatch", note: "Why took too long to find." });
    expect(screen.getByTestId("result-error")).toHaveTextContent("Why took too long to find.");
  });
});

describe("a malformed result", () => {
  it("that was cut off says so, and what is not in the repair", () => {
    show('{"a": 1, "b', {
      ...malformed,
      repaired: { text: '{"a": 1}', edits: [], cut: true, dropped: '"b' },
    });
    expect(screen.getByTestId("result-error")).toHaveTextContent(
      'Truncated: the text ends before the JSON is complete. Not in the repair: "b',
    );
    expect(screen.getByRole("tab", { name: "Repaired (truncated)" })).toBeInTheDocument();
  });

  it("without a repair says why", () => {
    show("{}{}", { ...malformed, repaired: null, note: "There is more than one JSON value." });
    expect(screen.getByTestId("result-error")).toHaveTextContent("There is more than one JSON value.");
  });

  it("shows the error with its place, and its raw text first", () => {
    show(raw, malformed);
    expect(screen.getByTestId("result-error")).toHaveTextContent(
      "line 1, column 10: Expecting a quoted name",
    );
    expect(screen.getByRole("group", { name: "The raw result" }).textContent).toBe(raw);
    expect(screen.getByTitle("Parsing stopped here")).toHaveTextContent("'");
  });

  it("offers a repair and lists its edits", async () => {
    show(raw, malformed);
    expect(screen.getByRole("button", { name: "Copy the raw result" })).toBeInTheDocument();
    await userEvent.click(screen.getByRole("tab", { name: "Repaired" }));
    expect(screen.getByRole("button", { name: "Copy the repaired result" })).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Download the repaired result" })).toBeInTheDocument();
    expect(screen.getByRole("group")).toHaveTextContent("12345678901234567890");
    await userEvent.click(screen.getByRole("tab", { name: "Edits (2)" }));
    const edits = screen.getAllByRole("listitem").map((item) => item.textContent);
    expect(edits[0]).toMatch(/^Replace at character 10/);
    expect(edits[1]).toMatch(/^Remove at character 16/);
  });

  it.each([
    [201, "… and 1 more edit."],
    [1400, "… and 1,200 more edits."],
  ])("of %d edits lists 200", async (number, rest) => {
    const edits = Array.from({ length: number }, (_, position) => ({ position, before: "x", after: "" }));
    show(raw, { ...malformed, repaired: { text: "{}", edits, cut: false, dropped: null } });
    await userEvent.click(screen.getByRole("tab", { name: /^Edits/ }));
    expect(screen.getAllByRole("listitem")).toHaveLength(200);
    expect(screen.getByText(rest)).toBeInTheDocument();
  });

  it("marks the end of a text that stops in the middle", () => {
    show('{"a"', { ...malformed, repaired: null, error: { message: "Unexpected end", line: 1, column: 5 } });
    expect(screen.getByTitle("Parsing stopped here")).toHaveTextContent("⟨end⟩");
    expect(screen.queryByRole("tab", { name: "Repaired" })).not.toBeInTheDocument();
  });
});

describe("hostile results", () => {
  it.each<[string, string, ResultVerdict | null]>([
    ["nothing", "", { ...plain, kind: "text" }],
    ["no verdict", "text", null],
    ["a verdict of the future", "text", { ...plain, kind: "cbor" }],
    ["JSON that is none", "{{{]]", plain],
    ["100,000 brackets", "[".repeat(100_000), plain],
    ["an error far outside", "abc", { ...malformed, error: { message: "?", line: 99, column: 99 } }],
    ["an error at nowhere", "abc", { ...malformed, error: { message: "?", line: -1, column: -1 } }],
    [
      "edits outside the text",
      "abc",
      {
        ...malformed,
        repaired: { text: "", edits: [{ position: 999, before: "x", after: "" }], cut: true, dropped: "" },
      },
    ],
    ["lone surrogates", '"\ud800\udfff\udc00"', plain],
    ["markup", "<img src=x onerror=alert(1)><script>alert(1)</script>", { ...plain, kind: "text" }],
    ["10,000 NULs", "\u0000".repeat(10_000), { ...plain, kind: "text" }],
    ["one line of 2 MB", `"${"x".repeat(2_000_000)}"`, plain],
  ])("%s is shown and breaks nothing", (_name, result, verdict) => {
    const quiet = vi.spyOn(console, "error");
    const { container } = show(result, verdict);
    expect(screen.getByRole("tablist")).toBeInTheDocument();
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
    expect(container.querySelector("img, script")).toBeNull();
    expect(quiet).not.toHaveBeenCalled();
  });

  it("a huge text is drawn only where it is in sight", () => {
    const text = `${"x\n".repeat(60_000)}!`;
    show(text, { ...malformed, repaired: null, error: { message: "?", line: 60_001, column: 1 } });
    const box = screen.getByRole("group", { name: "The raw result" });
    expect(box.textContent?.length).toBeLessThan(51_000);
  });

  it("JSON is folded, and unfolded to show what is sought", async () => {
    const value = {
      first: { deep: Array.from({ length: 30 }, (_, number) => `entry ${number}`) },
      second: 2,
    };
    show(JSON.stringify(value), { ...plain, kind: "json" });
    const box = screen.getByRole("group", { name: "The result, formatted" });
    const fold = within(box).getByRole("button", { name: "Lines from 2" });
    await userEvent.click(fold);
    expect(fold).toHaveAttribute("aria-expanded", "false");
    expect(box.textContent).toBe('{\n  "first": { … },\n  "second": 2\n}');

    await userEvent.type(screen.getByRole("textbox", { name: "Find in the JSON" }), "ENTRY 1");
    expect(await screen.findByText("Line 1 of 11")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Next" }));
    expect(await screen.findByText("Line 2 of 11")).toBeInTheDocument();
    expect(box.querySelector("[data-hit]")).toHaveTextContent('"entry 10",');
    expect(fold).toHaveAttribute("aria-expanded", "true");
  });

  it("unseen characters are named, and turn nothing around", () => {
    show("\ufeffa\u202eb\u0000", { ...plain, kind: "text" });
    expect(screen.getByRole("group").textContent).toBe("U+FEFFaU+202EbU+0000");
  });
});
