import type { WireAttempt } from "../src/testing/job-factories.ts";

type Exchange = NonNullable<WireAttempt["exchange"]>;

const MODEL = "POST https://models.example.com/…";
/** Where attempts are sent, by flow. */
const SENT_TO: Readonly<Record<string, string>> = {
  chat: `${MODEL}, model gpt-4o-mini`,
  summaries: `${MODEL}, model gpt-4o`,
  minutes: `${MODEL}, model gpt-4o`,
  contracts: "POST https://api.openai.com/…, model gpt-4o",
  translations: "POST https://api.openai.com/…, model gpt-4o-mini",
  invoices: "POST https://n8n.example.com/…",
  letters: "POST https://print.example.com/letters?…",
  reports: "POST https://reports.example.com/weekly",
};

/** What was sent for the attempt, and what came back, as its end tells. `result`: of the job. */
export function exchangeOf(
  flow: string,
  prompt: string,
  result: string | null,
  attempt: WireAttempt,
): Exchange {
  const to = SENT_TO[attempt.flow ?? flow] ?? "the mock";
  const byHttp = to.startsWith("POST");
  const exchange: Exchange = {
    sentTo: to,
    timeoutMs: byHttp ? 60_000 : 300_000,
    requestBytes:
      byHttp && (attempt.end !== null || attempt.executionId !== null) ? 420 + prompt.length : null,
    status: null,
    responseBytes: null,
    endedBy: null,
  };
  if (attempt.executionId !== null) {
    const endedBy = attempt.end === "succeeded" ? "callback" : null;
    return { ...exchange, status: 202, responseBytes: 71, endedBy };
  }
  if (attempt.end === "succeeded" || (attempt.end === "failed" && attempt.error?.code !== "timeout")) {
    const answer = byHttp
      ? { status: 200, responseBytes: 640 + (result ?? attempt.partial ?? "").length }
      : {};
    return { ...exchange, ...answer, endedBy: "response" };
  }
  return exchange;
}
