import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import { alone, renderAlone } from "@/testing/render";
import { ErrorBoundary } from "./error-boundary";

let broken = true;

function Fragile() {
  if (broken) throw new Error("It fell apart.");
  return <p>whole again</p>;
}

function boundary(resetKey: string) {
  return (
    <ErrorBoundary title="This part broke" resetKey={resetKey} fallback={<p>the raw text</p>}>
      <Fragile />
    </ErrorBoundary>
  );
}

beforeEach(() => {
  broken = true;
  // React tells the console of every error that a boundary caught.
  vi.spyOn(console, "error").mockImplementation(() => {});
});

it("shows what broke and a way on, and tries again on request", async () => {
  renderAlone(boundary("a"));
  expect(screen.getByRole("alert")).toHaveTextContent("It fell apart.");
  expect(screen.getByText("the raw text")).toBeInTheDocument();
  broken = false;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(screen.getByText("whole again")).toBeInTheDocument();
});

it("gives other content a chance of its own", () => {
  const { rerender } = renderAlone(boundary("a"));
  broken = false;
  rerender(alone(boundary("b")));
  expect(screen.getByText("whole again")).toBeInTheDocument();
});
