import { ago, idAt } from "./answers.ts";
import { attempt, told } from "./jobs.ts";

export const SCHEDULED = told("reports", "Write the weekly report for the sales team.", [[90, "submitted"]], {
  id: idAt(90),
  runAt: ago(-5_310),
  idleMs: 5_400_000,
  tags: ["weekly"],
  waitingOn: { kind: "schedule", detail: "The job is to start later.", until: ago(-5_310) },
});

export const QUEUED = told(
  "summaries",
  "Summarise the minutes of the board meeting of 24 November.",
  [[6, "submitted"]],
  {
    tags: ["eu"],
    key: "intranet",
    waitingOn: { kind: "concurrency", detail: "All 4 places of the flow summaries are taken.", until: null },
  },
);

export const RETRYING = told(
  "summaries",
  "Summarise the interview with the new supplier, and list what was promised.",
  [
    [75, "submitted"],
    [74, "started", 1],
    [44, "attempt_failed", 1, "timeout: The model did not answer within 30 s."],
  ],
  {
    tags: ["eu", "supplier"],
    failures: 1,
    maxAttempts: 5,
    runAt: ago(-16),
    error: { code: "timeout", message: "The model did not answer within 30 s." },
    attempts: [
      attempt(1, 74, 44, {
        end: "failed",
        error: { code: "timeout", message: "The model did not answer within 30 s." },
        partial: "The supplier promised three things: delivery within ten days, a second",
      }),
    ],
    waitingOn: { kind: "retry", detail: "Attempt 1 failed; the next one follows.", until: ago(-16) },
  },
);

export const PROCESSING = told(
  "summaries",
  "Compare these three offers for the new server room, and say which is the cheapest over five years.",
  [
    [21, "submitted"],
    [20, "started", 1],
  ],
  {
    status: "RUNNING",
    tags: ["it", "offers"],
    progress: "Offer 2 of 3",
    attempts: [attempt(1, 20, null)],
    waitingOn: { kind: "processor", detail: "Attempt 1 is with the processor.", until: ago(-40) },
  },
);

export const WAITING = told(
  "invoices",
  "Read the invoice of Brightwater Ltd., and book it.",
  [
    [64, "submitted"],
    [63, "started", 1],
    [62, "accepted", 1, "48211"],
  ],
  {
    status: "WAITING",
    tags: ["eu", "booking"],
    metadata: { supplier: "Brightwater Ltd.", invoice: "2026-1187" },
    attempts: [attempt(1, 63, null, { executionId: "48211" })],
    waitingOn: {
      kind: "callback",
      detail: "The processor accepted the job and will call back.",
      until: ago(-238),
    },
  },
);

export const UNREACHABLE = told(
  "letters",
  "Print the reminder to Oak & Partners, and send it by post.",
  [
    [1_260, "submitted"],
    [1_259, "started", 1],
    [1_259, "snoozed", 1, "outage: Connection refused by print.example.com:443"],
    [640, "started", 2],
    [640, "snoozed", 2, "outage: Connection refused by print.example.com:443"],
  ],
  {
    runAt: ago(-34),
    waitingOn: { kind: "outage", detail: "Connection refused by print.example.com:443", until: ago(-34) },
    attempts: [1_259, 640].map((at, index) =>
      attempt(index + 1, at, at, {
        end: "snoozed",
        error: { code: "unreachable", message: "Connection refused by print.example.com:443" },
      }),
    ),
  },
);

export const OVER_BUDGET = told(
  "minutes",
  "Write the minutes of the meeting of 26 November.",
  [[48, "submitted"]],
  {
    tags: ["eu"],
    runAt: ago(-34_200),
    waitingOn: {
      kind: "over_budget",
      detail:
        "The budget of the flow minutes of 10.00 EUR a day is used up; raising it opens the flow at once.",
      until: ago(-34_200),
    },
  },
);
