import type { WireJob } from "../src/api/model.ts";
import { ago, idAt } from "./answers.ts";
import { told, verdict } from "./jobs.ts";

const WORKER = "worker-1";
type Attempt = WireJob["attempts"][number];

function attempt(number: number, from: number, to: number | null, rest: Partial<Attempt> = {}): Attempt {
  return {
    number,
    startedAt: ago(from),
    worker: WORKER,
    endedAt: to === null ? null : ago(to),
    end: to === null ? null : "succeeded",
    error: null,
    executionId: null,
    usage: null,
    partial: null,
    ...rest,
  };
}

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
    [62, "accepted", 1, "execution 48211"],
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

const INVOICE = `{
  "invoice": "2026-1184",
  "supplier": "Meadow & Sons",
  "date": "2026-11-21",
  "positions": [
    { "text": "Maintenance, October", "net": 1240.00, "vat": 0.20 },
    { "text": "Spare parts", "net": 318.45, "vat": 0.20 },
    { "text": "Travel", "net": 96.00, "vat": 0.20 }
  ],
  "total": { "net": 1654.45, "gross": 1985.34, "currency": "EUR" },
  "due": "2026-12-21",
  "remarks": null
}`;

export const COMPLETED = told(
  "invoices",
  "Read the invoice of Meadow & Sons, and book it.",
  [
    [431, "submitted"],
    [430, "started", 1],
    [429, "accepted", 1, "execution 48190"],
    [412, "completed", 1],
  ],
  {
    status: "COMPLETED",
    tags: ["eu", "booking"],
    key: "accounting",
    metadata: { supplier: "Meadow & Sons", invoice: "2026-1184" },
    result: INVOICE,
    resultVerdict: verdict("json"),
    attempts: [attempt(1, 430, 412, { executionId: "48190" })],
  },
);

const CUT = `{"answer": "Yes, with two exceptions.", "clauses": [{"number": "4.2", "risk": "high", "why": "The liability is not limited.",}, {"number": "9", "risk": "low", "why": "The notice is shorter than usual."}]`;
const MENDED = `{"answer": "Yes, with two exceptions.", "clauses": [{"number": "4.2", "risk": "high", "why": "The liability is not limited."}, {"number": "9", "risk": "low", "why": "The notice is shorter than usual."}]}`;

export const MALFORMED = told(
  "contracts",
  "Can we sign this contract? Name the clauses that are a risk, as JSON.",
  [
    [318, "submitted"],
    [317, "started", 1],
    [309, "completed", 1],
  ],
  {
    status: "COMPLETED",
    tags: ["legal"],
    result: CUT,
    resultVerdict: {
      ...verdict("json"),
      kind: "malformed",
      error: { message: "A name was expected after the comma.", line: 1, column: CUT.indexOf(",}") + 2 },
      repaired: {
        text: MENDED,
        edits: [
          { position: CUT.indexOf(",}"), before: ",", after: "" },
          { position: CUT.length, before: "", after: "}" },
        ],
        cut: false,
        dropped: null,
      },
    },
    attempts: [
      attempt(1, 317, 309, {
        usage: { promptTokens: 2_841, completionTokens: 96, model: "gpt-4o-mini", finishReason: "stop" },
      }),
    ],
  },
);

export const MISMATCH = told(
  "contracts",
  "Extract the parties, the date and the term of this contract.",
  [
    [551, "submitted"],
    [550, "started", 1],
    [543, "completed", 1],
  ],
  {
    status: "COMPLETED",
    tags: ["legal"],
    result: `{"parties": ["Northwind GmbH"], "date": "21 November 2026", "term": "24 months"}`,
    resultSchema: { type: "object", required: ["parties", "date", "term"] },
    resultVerdict: {
      ...verdict("json"),
      kind: "schema_mismatch",
      schemaErrors: [
        { path: "/date", message: '"21 November 2026" is not a "date"' },
        { path: "/term", message: '"24 months" is not of type "integer"' },
      ],
    },
    attempts: [
      attempt(1, 550, 543, {
        usage: { promptTokens: 1_904, completionTokens: 41, model: "gpt-4o-mini", finishReason: "stop" },
      }),
    ],
  },
);

const NO_CALLBACK = {
  code: "callback_overdue",
  message:
    "No callback came by the deadline. One whose secret or token is wrong is refused, and does not count.",
};

export const FAILED = told(
  "invoices",
  "Read the invoice of Harbour Logistics, and book it.",
  [
    [1_530, "submitted"],
    [1_529, "started", 1],
    [1_528, "accepted", 1, "execution 48102"],
    [1_228, "callback_overdue", 1, NO_CALLBACK.message],
    [1_198, "started", 2],
    [1_197, "accepted", 2, "execution 48127"],
    [897, "callback_overdue", 2, NO_CALLBACK.message],
    [897, "failed", 2, "All 2 attempts failed."],
  ],
  {
    status: "FAILED",
    tags: ["eu", "booking"],
    key: "accounting",
    failures: 2,
    maxAttempts: 2,
    error: NO_CALLBACK,
    metadata: { supplier: "Harbour Logistics", invoice: "HL-20931" },
    attempts: [
      attempt(1, 1_529, 1_228, { end: "overdue", error: NO_CALLBACK, executionId: "48102" }),
      attempt(2, 1_198, 897, { end: "overdue", error: NO_CALLBACK, executionId: "48127" }),
    ],
  },
);

export const CANCELLED = told(
  "translations",
  "Translate the user manual of the coffee machine into Finnish.",
  [
    [760, "submitted"],
    [759, "started", 1],
    [740, "cancelled", 1, "Cancelled by Mara Lindqvist"],
  ],
  { status: "CANCELLED", attempts: [attempt(1, 759, 740, { end: "cancelled" })] },
);

const ROWS = Array.from({ length: 2_400 }, (_, index) => ({
  id: index + 1,
  customer: `Customer ${String(index + 1).padStart(4, "0")}`,
  country: ["FI", "SE", "DE", "FR", "IT"][index % 5],
  total: ((index * 7_919) % 98_000) / 100,
}));

export const LARGE = told(
  "reports",
  "List all customers with the total of their orders this year, as JSON.",
  [
    [2_105, "submitted"],
    [2_104, "started", 1],
    [2_041, "completed", 1],
  ],
  {
    status: "COMPLETED",
    tags: ["yearly"],
    result: JSON.stringify({ year: 2026, customers: ROWS }),
    resultVerdict: verdict("json"),
    attempts: [attempt(1, 2_104, 2_041)],
  },
);

export const BATCH_ID = idAt(3_300, 9);

export const OF_A_BATCH = told(
  "translations",
  "Translate into Swedish: “Your parcel arrives tomorrow between 9 and 12.”",
  [
    [3_300, "submitted"],
    [2_890, "started", 1],
    [2_888, "completed", 1],
  ],
  {
    status: "COMPLETED",
    tags: ["shop"],
    batchId: BATCH_ID,
    batchLine: 218,
    customId: "notice-218-sv",
    key: "web shop",
    result: "Ditt paket kommer i morgon mellan 9 och 12.",
    resultVerdict: verdict("text"),
    attempts: [
      attempt(1, 2_890, 2_888, {
        usage: { promptTokens: 38, completionTokens: 14, model: "gpt-4o-mini", finishReason: "stop" },
      }),
    ],
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

/** One of each kind. */
export const SOME_JOBS: readonly WireJob[] = [
  SCHEDULED,
  QUEUED,
  RETRYING,
  PROCESSING,
  WAITING,
  COMPLETED,
  MALFORMED,
  MISMATCH,
  FAILED,
  CANCELLED,
  LARGE,
  OF_A_BATCH,
  UNREACHABLE,
];
