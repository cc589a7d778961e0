import { expect, it } from "vitest";
import type { Delivery, Try } from "@/api/model";
import { hostOf, lookOf, nameOf, stateOf, whyNotSent, wordsFor } from "./words";

const NONE = { disabledAt: null, disabledBecause: null, failingSince: null };

function tried(...statuses: (number | null)[]): Try[] {
  return statuses.map((status) => ({ at: 0, milliseconds: 120, status, error: null, answer: "" }));
}

it.each<[Pick<Delivery, "state" | "tries" | "note">, string, string]>([
  [{ state: "pending", tries: [], note: null }, "Not sent yet.", "gray"],
  [{ state: "pending", tries: tried(503), note: null }, "Answered 503 after 120 ms.", "amber"],
  [{ state: "pending", tries: tried(503, null), note: null }, "Try 2: no answer after 120 ms.", "amber"],
  [{ state: "delivered", tries: tried(200), note: null }, "Answered 200 after 120 ms.", "green"],
  [{ state: "delivered", tries: tried(500, 204), note: null }, "Try 2: answered 204 after 120 ms.", "green"],
  [{ state: "failed", tries: [], note: "The endpoint was deleted." }, "The endpoint was deleted.", "red"],
  [{ state: "failed", tries: [], note: null }, "Never sent.", "red"],
])("%j: %s", (delivery, words, tone) => {
  expect([wordsFor(delivery), lookOf(delivery).tone]).toEqual([words, tone]);
});

it("a state of a newer server is shown by its name", () => {
  expect(lookOf({ state: "constructor" as never, tries: [] })).toMatchObject({
    label: "constructor",
    tone: "gray",
  });
});

it.each([
  [NONE, "Enabled", "green"],
  [{ ...NONE, failingSince: 1 }, "Failing", "amber"],
  [{ disabledAt: 1, disabledBecause: "asked" as const, failingSince: 1 }, "Disabled", "gray"],
  [{ disabledAt: 1, disabledBecause: "gone" as const, failingSince: 1 }, "Disabled", "red"],
])("%j is %s", (endpoint, label, tone) => {
  expect(stateOf(endpoint)).toMatchObject({ label, tone });
});

it("an endpoint is called by its description, or by its host", () => {
  expect(nameOf({ description: "Pager", url: "https://a.example/" })).toBe("Pager");
  expect(nameOf({ description: "", url: "https://a.example:8443/x" })).toBe("a.example:8443");
  expect(hostOf("nonsense")).toBe("nonsense");
});

it.each([
  ["e1", undefined, null],
  [null, [], null],
  ["e1", [{ id: "e1", disabledAt: null }], null],
  ["e1", [], "The endpoint was deleted."],
  ["e1", [{ id: "e1", disabledAt: 1 }], "The endpoint is disabled. Enable it first."],
])("to %s of %j: %s", (endpointId, endpoints, why) => {
  expect(whyNotSent({ endpointId }, endpoints)).toBe(why);
});
