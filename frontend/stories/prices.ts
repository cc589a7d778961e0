/** The currency of all prices. */
export const CURRENCY = "EUR";

/** What a million tokens of prompts and of answers cost, in millionths of the currency, by flow. */
export const PRICES: Readonly<Record<string, readonly [input: number, output: number]>> = {
  chat: [150_000, 600_000],
  summaries: [2_500_000, 10_000_000],
  minutes: [2_500_000, 10_000_000],
  contracts: [2_500_000, 10_000_000],
  translations: [150_000, 600_000],
};

/** In millionths of the currency; null: the flow has no prices. */
export function costOf(flow: string, promptTokens: number, completionTokens: number): number | null {
  const [input, output] = PRICES[flow] ?? [];
  if (input === undefined || output === undefined) return null;
  return Math.round((promptTokens * input + completionTokens * output) / 1_000_000);
}

/** The tokens, and what they cost. */
export function usedBy(flow: string, promptTokens: number, completionTokens: number) {
  return { promptTokens, completionTokens, costMicros: costOf(flow, promptTokens, completionTokens) };
}
