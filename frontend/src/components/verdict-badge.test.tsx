import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { renderAlone } from "@/testing/render";
import { VerdictBadge } from "./verdict-badge";

describe("the badge of a verdict", () => {
  it.each([
    ["malformed", [], "Malformed JSON"],
    ["schema_mismatch", [{}], "Schema mismatch"],
    ["unchecked", [], "Not checked"],
    ["json", [{}], "Warnings"],
  ])("%s with %j says %s", (kind, warnings, words) => {
    renderAlone(<VerdictBadge verdict={{ kind, warnings }} />);
    expect(screen.getByText(words)).toBeInTheDocument();
  });

  it.each(["json", "text", "a kind of the future"])("%s without warnings has none", (kind) => {
    const { container } = renderAlone(<VerdictBadge verdict={{ kind, warnings: [] }} />);
    expect(container.querySelector("[title]")).toBeNull();
  });
});
