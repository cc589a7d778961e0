import type { Snippet } from "@/api/model";

interface Searched {
  readonly snippets?: readonly Snippet[];
}

/**
 * Where the words of a search stand: in the part of the prompt that the row shows anyway, and elsewhere. What is below
 * the prompt gives way only for something that the row does not show.
 */
export function foundIn({ snippets = [] }: Searched): { prompt: Snippet | null; below: Snippet | null } {
  const prompt = snippets.find((one) => one.field === "prompt" && isBeginning(one)) ?? null;
  return {
    prompt,
    below: prompt === null ? (snippets[0] ?? null) : (snippets.find((one) => one !== prompt) ?? null),
  };
}

/** The server begins the snippet with an ellipsis where there is more before it. */
function isBeginning({ pieces }: Snippet): boolean {
  return pieces[0]?.found === true || pieces[0]?.text !== "…";
}
