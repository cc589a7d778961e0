import { idAt } from "./answers.ts";
import { attempt, told, verdict } from "./jobs.ts";

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
    [429, "accepted", 1, "48190"],
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
        usage: { promptTokens: 21_840, completionTokens: 96, model: "gpt-4o", finishReason: "stop" },
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
        usage: { promptTokens: 19_040, completionTokens: 41, model: "gpt-4o", finishReason: "stop" },
      }),
    ],
  },
);

const NO_CALLBACK = {
  code: "callback_overdue",
  message:
    "No callback came by the deadline. A callback with a wrong secret or token is refused, and does not count.",
};

export const FAILED = told(
  "invoices",
  "Read the invoice of Harbour Logistics, and book it.",
  [
    [1_530, "submitted"],
    [1_529, "started", 1],
    [1_528, "accepted", 1, "48102"],
    [1_228, "callback_overdue", 1, NO_CALLBACK.message],
    [1_198, "started", 2],
    [1_197, "accepted", 2, "48127"],
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
    [740, "cancelled", 1, "The manual is about to change; translate the new one."],
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

export const FELL_BACK = told(
  "summaries",
  "Summarise the minutes of the works council, for all who were not there.",
  [
    [8_700, "submitted"],
    [8_640, "fell_back", 1, "The flow summaries is closed, the flow chat takes this attempt. HTTP 503."],
    [8_640, "started", 1],
    [8_634, "completed", 1],
  ],
  {
    status: "COMPLETED",
    tags: ["eu"],
    answeredBy: "chat",
    result: "The works council agrees to the new shifts from January, on trial until Easter.",
    resultVerdict: verdict("text"),
    attempts: [
      attempt(1, 8_640, 8_634, {
        flow: "chat",
        usage: { promptTokens: 3_102, completionTokens: 38, model: "gpt-4o-mini", finishReason: "stop" },
      }),
    ],
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
