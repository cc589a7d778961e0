import { describe, expect, it } from "vitest";
import { type Exchange, wordsForAnswer, wordsForRequest } from "./exchange-words";

const SENT: Exchange = {
  sentTo: "POST https://n8n.example/…",
  timeoutMs: 30_000,
  requestBytes: null,
  status: null,
  responseBytes: null,
  endedBy: null,
};
const AT = { startedAt: 1_000, endedAt: 19_000, end: "succeeded" } as const;
const OPEN = { startedAt: 1_000, endedAt: null, end: null } as const;

describe("the request", () => {
  it("is told with its time limit, and its size once that is known", () => {
    expect(wordsForRequest(SENT)).toEqual(["time limit 30.0 s"]);
    expect(wordsForRequest({ ...SENT, requestBytes: 2_048 })).toEqual(["2 KiB", "time limit 30.0 s"]);
  });
});

describe("the answer", () => {
  const accepted = { ...SENT, status: 202, responseBytes: 71 };

  it.each([
    ["was not there yet", OPEN, SENT, undefined, ["None yet"]],
    ["never came", { ...AT, end: "failed" }, SENT, undefined, ["None"]],
    [
      "was the response",
      AT,
      { ...accepted, status: 200, endedBy: "response" },
      undefined,
      ["HTTP 200", "71 B"],
    ],
    ["was returned by a function", AT, { ...SENT, endedBy: "response" }, undefined, ["Returned"]],
    ["is awaited", OPEN, accepted, 1_034, ["HTTP 202 after 34 ms", "71 B", "no callback yet"]],
    [
      "came by callback",
      AT,
      { ...accepted, endedBy: "callback" },
      1_034,
      ["HTTP 202 after 34 ms", "71 B", "callback after 18.0 s"],
    ],
    ["came before the response", AT, { ...SENT, endedBy: "callback" }, undefined, ["Callback after 18.0 s"]],
    ["was accepted without HTTP", OPEN, SENT, 1_002, ["Accepted after 2 ms", "no callback yet"]],
    [
      "was found out",
      AT,
      { ...accepted, responseBytes: null, endedBy: "reconcile" },
      undefined,
      ["HTTP 202", "found by a reconcile call"],
    ],
  ] as const)("%s", (_, attempt, exchange, acceptedAt, expected) => {
    expect(wordsForAnswer(attempt, exchange, acceptedAt)).toEqual(expected);
  });
});
