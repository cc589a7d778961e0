import { attempt, type Happened, told } from "./jobs.ts";

const CUT_OFF = { code: "length", message: "The answer was cut off at the token limit." };
const TRIES = Array.from({ length: 24 }, (_, index) => ({ number: index + 1, from: 9_000 - index * 300 }));
const DOWN = "The processor cannot be reached: connection refused.";

/** With more attempts than one wants to see at once; in no list. */
export const LONG = told(
  "contracts",
  "List every clause of the frame contract with Northern Freight, each with its full text.",
  [
    [12_600, "submitted"],
    ...Array.from({ length: 20 }).flatMap((_, index): Happened[] => [
      [12_600 - index * 60, "started", index + 1, "worker-1"],
      [12_599 - index * 60, "snoozed", index + 1, DOWN],
    ]),
    ...TRIES.flatMap(({ number, from }): Happened[] => [
      [from, "started", number + 20, "worker-1"],
      [from - 40, "attempt_failed", number + 20, `${CUT_OFF.code}: ${CUT_OFF.message}`],
    ]),
    [2_060, "failed", 44, "no attempt is left of 24"],
  ],
  {
    status: "FAILED",
    failures: 24,
    maxAttempts: 24,
    error: CUT_OFF,
    attempts: TRIES.map(({ number, from }) =>
      attempt(number + 20, from, from - 40, {
        end: "failed",
        error: CUT_OFF,
        usage: { promptTokens: 4_120, completionTokens: 4_096, model: "gpt-5-mini", finishReason: "length" },
        partial: number < 24 ? null : '[{"clause": "1.1", "text": "This contract',
      }),
    ),
  },
);
