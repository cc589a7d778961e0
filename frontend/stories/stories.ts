import { keySession, wireSession } from "../src/testing/access-factories.ts";
import { wireFlow } from "../src/testing/flow-factories.ts";
import { type Answers, ago, Refusal } from "./answers.ts";
import { BUSY, FLOWS, NEW } from "./busy-server.ts";
import * as ended from "./ended-jobs.ts";
import { BATCHES } from "./kept.ts";
import { LONG } from "./long-job.ts";
import * as many from "./many-at-once.ts";
import * as open from "./open-jobs.ts";
import { busySeries } from "./series.ts";

/** What a person does once the screen is there; the names are those that a screen reader says. */
export type Step =
  | { readonly press: string }
  | { readonly click: string }
  /** Brings the first thing of this name or with this text into view. */
  | { readonly look: string }
  | { readonly line: "cut" };

/** A screen in a state. */
export interface Story {
  readonly name: string;
  /** Below /ui/. */
  readonly path: string;
  readonly api: Answers;
  readonly steps?: readonly Step[];
  /** A text that is seen once all is there. */
  readonly shows: string;
}

const DOWN = new Refusal(500, "The disk is full.");
const SIGNED_OUT: Answers = {
  ...BUSY,
  "/session": new Refusal(401, "Sign in first."),
  "/session/ways": {
    auth: "oidc",
    ways: [
      { kind: "oidc", name: "Example Login", path: "/session/oidc" },
      { kind: "key", name: "API key", path: "/session" },
    ],
  },
};
const PERSON: Answers = {
  ...BUSY,
  "/session": wireSession({
    auth: "oidc",
    kind: "person",
    id: "mara@example.com",
    name: "Mara Lindqvist",
    rights: ["admin"],
    expiresAt: ago(-36_000),
  }),
};
/** May submit, and see nothing. */
const SUBMITTER: Answers = { ...BUSY, "/session": keySession("submit") };
const MANY_FLOWS: Answers = {
  ...BUSY,
  "/flows": [
    ...FLOWS,
    ...Array.from({ length: 12 }, (_, nth) => wireFlow({ name: `customer-${nth + 1}`, isDefault: false })),
  ],
};
const NO_PRICES: Answers = {
  ...BUSY,
  "/stats/series": (asked) => busySeries({ ...asked, query: only(asked.query, "invoices") }),
};
const BATCH = BATCHES[0]?.id ?? "";

function only(query: URLSearchParams, flow: string): URLSearchParams {
  return new URLSearchParams({ ...Object.fromEntries(query), flow });
}

function ofJob(
  name: string,
  job: { readonly id: string },
  shows: string,
  steps: readonly Step[] = [],
): Story {
  return { name: `job-${name}`, path: `jobs/${job.id}`, api: BUSY, shows, steps };
}

function peek(name: string, job: { readonly id: string }, shows: string, steps: readonly Step[] = []): Story {
  return { name: `peek-${name}`, path: `?peek=${job.id}`, api: BUSY, shows, steps };
}

function ofFlow(name: string, shows: string, steps: readonly Step[] = []): Story {
  return { name: `flow-${name}`, path: `flows#flow-${name}`, api: BUSY, shows, steps };
}

const SELECT = "Select all that match";

function bulk(name: string, shows: string, api: Answers, ...clicks: readonly string[]): Story {
  const steps = clicks.map((click) => ({ click }));
  return { name: `bulk-${name}`, path: "?status=FAILED", api, steps, shows };
}

function exported(name: string, shows: string, api: Answers, steps: readonly Step[] = []): Story {
  return { name: `export-${name}`, path: "", api, steps: [{ click: "Export" }, ...steps], shows };
}

/** Every screen, in each of its states. */
export const STORIES: readonly Story[] = [
  { name: "list", path: "", api: BUSY, shows: "Select all that match" },
  { name: "list-empty", path: "", api: NEW, shows: "No jobs yet" },
  { name: "list-filtered", path: "?status=COMPLETED&flow=invoices", api: BUSY, shows: "Lakeside Print" },
  { name: "list-search", path: "?q=contract", api: BUSY, shows: "Select all that match" },
  { name: "list-no-match", path: "?q=zebra", api: BUSY, shows: "No job matches these filters" },
  {
    name: "list-failures",
    path: "?status=FAILED",
    api: BUSY,
    steps: [{ click: "Groups" }],
    shows: "Retry all…",
  },
  bulk("asks", "Optional; kept in the history", many.BULK_ENDED, SELECT, "Retry"),
  bulk("asks-delete", "This cannot be undone.", many.BULK_ENDED, SELECT, "Delete"),
  bulk("asks-replay", "The old jobs do not change.", many.BULK_ENDED, SELECT, "Replay"),
  bulk("running", "1,212 retried", many.BULK_RUNNING),
  bulk("waiting", "as many waiting jobs", many.BULK_WAITING, SELECT),
  bulk("ended", "7 failed (damaged in the store)", many.BULK_ENDED, SELECT, "Retry", "Retry 1,840 jobs"),
  exported("asks", "NDJSON has every field", BUSY),
  exported("running", "62 of 155 jobs…", many.EXPORT_RUNNING, [{ click: "CSV" }]),
  exported("broken", "The jobs received so far are kept.", many.EXPORT_BROKEN, [{ click: "CSV" }]),
  {
    name: "list-offline",
    path: "",
    api: BUSY,
    steps: [{ line: "cut" }],
    shows: "The server cannot be reached.",
  },
  { name: "list-broken", path: "", api: { ...BUSY, "/jobs": DOWN }, shows: "The jobs could not be loaded" },
  { name: "list-forbidden", path: "", api: SUBMITTER, shows: "You may not see jobs" },
  { name: "list-views", path: "", api: BUSY, steps: [{ click: "Views" }], shows: "Save this view" },
  peek("completed", ended.COMPLETED, "Meadow & Sons"),
  peek("malformed", ended.MALFORMED, "A repair is offered below"),
  peek("late", ended.FAILED, "A result came after"),
  peek("cost", ended.MALFORMED, "Tokens out", [{ look: "Timeline" }]),
  peek("processing", open.PROCESSING, "Offer 2 of 3"),
  peek("missing", { id: "0".repeat(24) }, "Job not found"),
  { name: "new-job", path: "", api: BUSY, steps: [{ press: "n" }], shows: "Create job" },
  {
    name: "new-job-options",
    path: "",
    api: BUSY,
    steps: [{ press: "n" }, { click: "Options" }, { click: "Create job" }],
    shows: "must not be blank",
  },
  { name: "palette", path: "", api: BUSY, steps: [{ press: "Control+k" }], shows: "Overview" },
  { name: "keys-of-the-page", path: "", api: BUSY, steps: [{ press: "?" }], shows: "Keyboard" },
  ofJob("scheduled", open.SCHEDULED, "The job is to start later."),
  ofJob("queued", open.QUEUED, "All 4 places"),
  ofJob("retrying", open.RETRYING, "the next one follows"),
  ofJob("unreachable", open.UNREACHABLE, "cannot be reached"),
  ofJob("over-budget", open.OVER_BUDGET, "is used up"),
  ofJob("processing", open.PROCESSING, "Offer 2 of 3"),
  ofJob("waiting", open.WAITING, "will call back"),
  ofJob("completed", ended.COMPLETED, "Meadow & Sons"),
  ofJob("malformed", ended.MALFORMED, "A repair is offered below"),
  ofJob("malformed-edits", ended.MALFORMED, "at character", [{ click: "Edits (2)" }]),
  ofJob("mismatch", ended.MISMATCH, "Does not fit the result schema"),
  ofJob("failed", ended.FAILED, "All 2 attempts failed."),
  {
    name: "job-long",
    path: `jobs/${LONG.id}`,
    api: { ...BUSY, "/jobs/{id}": LONG },
    shows: "Show all",
  },
  ofJob("cancelled", ended.CANCELLED, "The manual is about to change"),
  ofJob("fell-back", ended.FELL_BACK, "Answered by"),
  ofJob("large", ended.LARGE, "Customer 0001"),
  ofJob("of-a-batch", ended.OF_A_BATCH, "Ditt paket kommer"),
  ofJob("missing", { id: "0".repeat(24) }, "Job not found"),
  {
    name: "job-broken",
    path: `jobs/${ended.COMPLETED.id}`,
    api: { ...BUSY, "/jobs/{id}": DOWN },
    shows: "The job could not be loaded",
  },
  ofJob("delete", ended.FAILED, "Delete this job?", [{ click: "Delete…" }]),
  ofJob("replay", ended.FAILED, "Replay", [{ click: "Replay…" }]),
  {
    name: "comparison",
    path: `jobs/${ended.COMPLETED.id}/compare/${ended.FAILED.id}`,
    api: BUSY,
    shows: "Different results",
  },
  { name: "overview", path: "overview", api: BUSY, shows: "callback_overdue" },
  { name: "overview-of-a-flow", path: "overview?flow=contracts", api: BUSY, shows: "Cost in EUR" },
  { name: "overview-week", path: "overview?range=7d", api: BUSY, shows: "Cost in EUR" },
  {
    name: "overview-tables",
    path: "overview",
    api: BUSY,
    steps: [{ click: "Table of verdicts" }, { click: "Table of cost in eur" }, { click: "Table of tokens" }],
    shows: "Schema mismatch",
  },
  { name: "overview-no-prices", path: "overview", api: NO_PRICES, shows: "No processor reported tokens." },
  { name: "overview-empty", path: "overview", api: NEW, shows: "Overview" },
  {
    name: "overview-broken",
    path: "overview",
    api: { ...BUSY, "/stats/series": DOWN },
    shows: "could not be loaded",
  },
  { name: "flows", path: "flows", api: BUSY, shows: "worker-2" },
  { name: "flows-many", path: "flows", api: MANY_FLOWS, shows: "customer-12" },
  ofFlow("chat", "Price of 1M tokens"),
  ofFlow("summaries", "Fallback"),
  ofFlow("contracts", "Budget nearly used"),
  ofFlow("minutes", "Over budget"),
  ofFlow("letters", "cannot be reached"),
  ofFlow("reports", "The data warehouse is being moved until noon."),
  { name: "flows-broken", path: "flows", api: { ...BUSY, "/flows": DOWN }, shows: "could not be loaded" },
  { name: "callbacks", path: "callbacks", api: BUSY, shows: "A different result" },
  { name: "callbacks-empty", path: "callbacks", api: NEW, shows: "No callbacks, and that is good" },
  {
    name: "callbacks-broken",
    path: "callbacks",
    api: { ...BUSY, "/callbacks": DOWN },
    shows: "The callbacks could not be loaded",
  },
  { name: "batches", path: "batches", api: BUSY, shows: "Parcel notices" },
  { name: "batches-empty", path: "batches", api: NEW, shows: "Batches" },
  { name: "batch", path: `batches/${BATCH}`, api: BUSY, shows: "p-1204" },
  { name: "batch-ended", path: `batches/${ended.BATCH_ID}`, api: BUSY, shows: "Parcel notices" },
  {
    name: "batches-broken",
    path: "batches",
    api: { ...BUSY, "/batches": DOWN },
    shows: "The batches could not be loaded",
  },
  {
    name: "batches-submit",
    path: "batches",
    api: BUSY,
    steps: [{ click: "Submit a file" }],
    shows: "Submit the valid lines",
  },
  { name: "batch-missing", path: `batches/${"0".repeat(24)}`, api: BUSY, shows: "Batch not found" },
  { name: "webhooks", path: "webhooks", api: BUSY, shows: "Accounting" },
  { name: "webhooks-empty", path: "webhooks", api: NEW, shows: "Webhooks" },
  {
    name: "webhooks-broken",
    path: "webhooks",
    api: { ...BUSY, "/webhook-endpoints": DOWN, "/webhook-deliveries": DOWN },
    shows: "The endpoints could not be loaded",
  },
  {
    name: "webhooks-new",
    path: "webhooks",
    api: BUSY,
    steps: [{ click: "New endpoint" }],
    shows: "Description",
  },
  { name: "api-keys", path: "keys", api: PERSON, shows: "web shop" },
  { name: "api-keys-empty", path: "keys", api: { ...NEW, "/session": keySession("admin") }, shows: "keys" },
  { name: "api-keys-new", path: "keys", api: PERSON, steps: [{ click: "New key" }], shows: "New API key" },
  {
    name: "api-keys-broken",
    path: "keys",
    api: { ...PERSON, "/keys": DOWN },
    shows: "The keys could not be loaded",
  },
  { name: "audit", path: "audit", api: PERSON, shows: "Key made" },
  { name: "audit-empty", path: "audit", api: { ...PERSON, "/audit": [] }, shows: "No entry yet" },
  {
    name: "audit-broken",
    path: "audit",
    api: { ...PERSON, "/audit": DOWN },
    shows: "The audit could not be loaded",
  },
  { name: "account", path: "account", api: PERSON, shows: "198.51.100.23" },
  { name: "sign-in", path: "", api: SIGNED_OUT, shows: "Example Login" },
  { name: "no-right", path: "keys", api: SUBMITTER, shows: "right" },
];
