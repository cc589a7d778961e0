/** How the kinds of processors work, in a few words. */
const KINDS: Readonly<Record<string, string>> = {
  mock: "built in, for trying things out",
  webhook: "takes a job and calls back",
  http: "answers with the result",
  n8n: "a workflow that calls back",
  openai: "a model",
  "azure-openai": "a model in Azure",
  python: "a function of your own",
};

/** The kind, and what it means if we know it: `http: answers with the result`. */
export function wordsForProcessor(kind: string): string {
  return Object.hasOwn(KINDS, kind) ? `${kind}: ${KINDS[kind] ?? ""}` : kind;
}
