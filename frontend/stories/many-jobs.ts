import type { WireJob, WireSummary } from "../src/api/model.ts";
import type { Asked } from "./answers.ts";
import { idAt } from "./answers.ts";
import * as ended from "./ended-jobs.ts";
import { attempt, inList, told, verdict } from "./jobs.ts";
import * as open from "./open-jobs.ts";

interface Kind {
  readonly flow: string;
  readonly prompt: string;
  readonly result: string;
  readonly tags: readonly string[];
  readonly seconds: number;
  readonly usage?: NonNullable<WireJob["attempts"][number]["usage"]>;
}

function usage(promptTokens: number, completionTokens: number, model = "gpt-4o-mini") {
  return { promptTokens, completionTokens, model, finishReason: "stop" };
}

const KINDS: readonly Kind[] = [
  {
    flow: "chat",
    prompt: "A customer asks whether the blue lamp is dimmable. Answer in two sentences.",
    result: "Yes, the blue lamp is dimmable with any trailing-edge dimmer. The dimmer is not included.",
    tags: ["shop"],
    seconds: 2,
    usage: usage(318, 26),
  },
  {
    flow: "translations",
    prompt: "Translate into French: “Opening hours over the holidays.”",
    result: "Horaires d’ouverture pendant les fêtes.",
    tags: ["shop", "fr"],
    seconds: 1,
    usage: usage(31, 9),
  },
  {
    flow: "summaries",
    prompt: "Summarise the call with the customer, and name what we promised.",
    result: "The customer wants a replacement by Friday. We promised a call back today, and free shipping.",
    tags: ["eu"],
    seconds: 7,
    usage: usage(2_914, 31, "gpt-4o"),
  },
  {
    flow: "invoices",
    prompt: "Read the invoice of Lakeside Print, and book it.",
    result: `{"invoice": "LP-3341", "supplier": "Lakeside Print", "total": {"net": 412.00, "gross": 494.40}}`,
    tags: ["eu", "booking"],
    seconds: 19,
  },
  {
    flow: "contracts",
    prompt: "When can this contract be ended, and with what notice?",
    result: "At the end of each quarter, with a notice of six weeks (clause 11.2).",
    tags: ["legal"],
    seconds: 6,
    usage: usage(21_480, 24, "gpt-4o"),
  },
  {
    flow: "chat",
    prompt: "Write a friendly reply to this complaint about a late delivery.",
    result: "Dear Ms Okafor, I am sorry that your order came three days late. We have refunded the shipping.",
    tags: ["shop"],
    seconds: 4,
    usage: usage(342, 41),
  },
];

const TIMEOUT = { code: "timeout", message: "The model did not answer within 30 s." };

/** Of a job that fails, by flow. */
const FAULTS: Readonly<Record<string, NonNullable<WireJob["error"]>>> = {
  chat: { code: "content_filter", message: "The answer was stopped by the provider's content filter." },
  translations: TIMEOUT,
  summaries: TIMEOUT,
  contracts: TIMEOUT,
  invoices: { code: "callback_overdue", message: "No callback came by the deadline." },
};

const HOW_MANY = 140;
const EVERY_SECONDS = 26;

const more = Array.from({ length: HOW_MANY }, (_, nth): WireJob => {
  const kind = KINDS[(nth * 5 + (nth >> 2)) % KINDS.length] as Kind;
  const at = 130 + nth * EVERY_SECONDS;
  const end = at - kind.seconds;
  const { usage = null } = kind;
  const fault = nth % 17 === 4 ? FAULTS[kind.flow] : undefined;
  if (fault !== undefined) {
    return told(
      kind.flow,
      kind.prompt,
      [
        [at, "submitted"],
        [at, "started", 1],
        [end, "failed", 1],
      ],
      {
        id: idAt(at, 1),
        status: "FAILED",
        failures: 1,
        maxAttempts: 1,
        tags: [...kind.tags],
        error: fault,
        attempts: [attempt(1, at, end, { end: "failed", error: fault })],
      },
    );
  }
  return told(
    kind.flow,
    kind.prompt,
    [
      [at, "submitted"],
      [at, "started", 1],
      [end, "completed", 1],
    ],
    {
      id: idAt(at, 1),
      status: "COMPLETED",
      tags: [...kind.tags],
      result: kind.result,
      resultVerdict: verdict(kind.result.startsWith("{") ? "json" : "text"),
      attempts: [attempt(1, at, end, { usage })],
    },
  );
});

/** Those that a module exports. */
function jobsOf(module: Readonly<Record<string, unknown>>): WireJob[] {
  return Object.values(module).filter((one): one is WireJob => typeof one === "object");
}

/** All jobs of the server in the stories, newest first. */
export const ALL_JOBS: readonly WireJob[] = [...jobsOf(open), ...jobsOf(ended), ...more].toSorted((a, b) =>
  a.id < b.id ? 1 : -1,
);

/** Jobs as `GET /jobs` lists them. Of the language of the search it knows single words only. */
export function listed({ query }: Asked): WireSummary[] {
  const ids = query.get("ids")?.split(",");
  const found = ALL_JOBS.filter(
    (job) => (ids === undefined || ids.includes(job.id)) && matches(job, query) && older(job, query),
  );
  const word = query.get("q") ?? "";
  const batchId = query.get("batch");
  if (batchId !== null) {
    return found.map((job, nth) => ({
      ...inList(job),
      batchId,
      batchLine: 3_911 - nth * 417,
      customId: `p-${3_911 - nth * 417}`,
      error: job.error && TIMEOUT,
    }));
  }
  return found.map((job) => ({
    ...inList(job),
    ...(word !== "" && { snippets: [snippet(job.prompt, word)] }),
  }));
}

export function counted({ query }: Asked) {
  const found = ALL_JOBS.filter((job) => matches(job, query));
  const after = query.get("after");
  const newer = after === null ? found : found.filter((job) => job.id > after);
  return {
    count: newer.length,
    more: false,
    byStatus: tally(found.map((job) => job.status)),
    complete: true,
  };
}

export function tally(names: readonly string[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const name of names) sums[name] = (sums[name] ?? 0) + 1;
  return sums;
}

function matches(job: WireJob, query: URLSearchParams): boolean {
  const status = query.getAll("status").flatMap((text) => text.split(","));
  return (
    (status.length === 0 || status.includes(job.status)) &&
    (query.get("flow") ?? job.flow) === job.flow &&
    (!query.has("tag") || job.tags.includes(query.get("tag") ?? "")) &&
    job.prompt.toLowerCase().includes((query.get("q") ?? "").toLowerCase())
  );
}

function older(job: WireJob, query: URLSearchParams): boolean {
  return job.id < (query.get("cursor") ?? "g");
}

function snippet(text: string, word: string): NonNullable<WireSummary["snippets"]>[number] {
  const at = text.toLowerCase().indexOf(word.toLowerCase());
  const pieces = [
    { text: text.slice(0, at), found: false },
    { text: text.slice(at, at + word.length), found: true },
    { text: text.slice(at + word.length), found: false },
  ];
  return { field: "prompt", pieces: pieces.filter((piece) => piece.text !== "") };
}
