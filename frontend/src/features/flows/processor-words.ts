/** What each kind of processor does, in a few words. */
const KINDS: Readonly<Record<string, string>> = {
  mock: "built in, for trying it out",
  webhook: "accepts a job and calls back",
  http: "answers with the result",
  n8n: "a workflow that calls back",
  openai: "a model",
  "azure-openai": "a model in Azure",
  python: "a function of your own",
};

/** The kind with its description, if it is known: `http: answers with the result`. */
export function wordsForProcessor(kind: string): string {
  return Object.hasOwn(KINDS, kind) ? `${kind}: ${KINDS[kind] ?? ""}` : kind;
}
