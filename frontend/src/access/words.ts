import type { Right, Session } from "@/api/model";

export const RIGHTS: readonly Right[] = ["read", "submit", "operate", "admin"];

/** What each right allows. */
export const MEANING: Readonly<Record<Right, string>> = {
  read: "See jobs, callbacks, flows, workers and counts.",
  submit: "Submit jobs.",
  operate:
    "Cancel, retry, replay and delete jobs; accept and reject callbacks; pause and resume flows. Includes read.",
  admin: "Everything, including API keys, webhook endpoints, the audit and everybody's sessions.",
};

export function wordsForMissing(right: Right, who: Pick<Session, "rights">): string {
  const had = RIGHTS.filter((one) => who.rights.includes(one));
  return `This needs the right ${right}; you have ${had.length === 0 ? "none" : listed(had)}.`;
}

export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

/** Whether one signs in here, and so whether there is anybody to show. */
export function signsIn(who: Pick<Session, "kind">): boolean {
  return who.kind === "key" || who.kind === "person";
}

export function nameOf(who: Pick<Session, "name" | "id">): string {
  return who.name === "" ? who.id : who.name;
}

const FAILURES: Readonly<Record<string, string>> = {
  denied: "You did not agree to the sign-in, or the identity provider refused it.",
  no_role:
    "The identity provider gives you no role for this server. Whoever manages the identity provider can assign one.",
  sign_in_expired: "The sign-in took too long, or began in another browser. Try again.",
  too_many_sign_ins: "Too many sign-ins are under way. Try again in a minute.",
  provider_error: "The identity provider reported an error. Try again, or sign in with an API key.",
  provider_unavailable: "The identity provider does not answer. Try again, or sign in with an API key.",
  invalid_id_token: "The identity provider's answer could not be verified. The log of this server says why.",
  code_refused: "The identity provider refused the code that it had issued. The log of this server says why.",
};

/** Why a sign-in with an identity provider failed, by the server's code. */
export function wordsForFailure(code: string): string {
  return Object.hasOwn(FAILURES, code)
    ? (FAILURES[code] ?? "")
    : `The sign-in did not work (${code.slice(0, 60)}).`;
}
