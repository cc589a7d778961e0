import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { keepFocusAt } from "./row-focus";

const frames: FrameRequestCallback[] = [];

beforeEach(() => {
  frames.length = 0;
  vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => frames.push(callback));
});

afterEach(() => {
  vi.unstubAllGlobals();
  document.body.innerHTML = "";
});

/** The next frame, after those who watch the document were told of what changed in it. */
async function frame(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  for (const callback of frames.splice(0)) callback(0);
}

function list(...ids: string[]): HTMLElement[] {
  document.body.innerHTML = `<main id="main" tabindex="-1"><ul>${ids
    .map((id) => `<li data-callback="${id}" tabindex="-1"><button>Reject</button></li>`)
    .join("")}</ul></main>`;
  return ids.map((id) => document.querySelector<HTMLElement>(`[data-callback="${id}"]`) ?? document.body);
}

it.each(["before", "after"] as const)(
  "the focus of a button that is removed %s the next frame goes to its row, then to the next one, then to the content",
  async (when) => {
    const [first, second] = list("a", "b");
    const button = first?.querySelector("button");
    button?.focus();
    keepFocusAt("a")();
    if (when === "after") await frame();
    button?.remove();
    await frame();
    expect(document.activeElement).toBe(first);
    first?.remove();
    await frame();
    expect(document.activeElement).toBe(second);
    second?.remove();
    await frame();
    expect(document.activeElement).toBe(document.getElementById("main"));
  },
);

it("a focus that a person moved elsewhere stays there", async () => {
  const [first, second] = list("a", "b");
  first?.querySelector("button")?.focus();
  keepFocusAt("a")();
  const elsewhere = second?.querySelector("button");
  elsewhere?.focus();
  first?.remove();
  await frame();
  expect(document.activeElement).toBe(elsewhere);
});

it("a person who pressed somewhere after the act keeps the focus that this gave", async () => {
  const [first, second] = list("a", "b");
  first?.querySelector("button")?.focus();
  keepFocusAt("a")();
  await frame();
  document.body.dispatchEvent(new Event("pointerdown", { bubbles: true }));
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  second?.remove();
  await frame();
  expect(document.activeElement).toBe(document.body);
});
