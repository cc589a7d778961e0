import type { components } from "./schema";

export type Problem = components["schemas"]["Problem"];

/** The server answered with an error. `message` is the server's own text. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly problem: Partial<Problem>;

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail || problem.error || problem.title || `The server answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }

  /** The server's message about one field of the request, if any. */
  field(name: string): string | null {
    return this.problem.errors?.find((error) => error.field === name)?.message ?? null;
  }
}

/** No answer came: the server, or the network to it, is down. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";

  constructor(cause: unknown) {
    super("The server cannot be reached.", { cause });
  }
}

/** Nobody is signed in, or the session has ended. */
export class SignedOutError extends Error {
  override readonly name = "SignedOutError";

  constructor() {
    super("You are signed out. Sign in, then try again.");
  }
}

export function toProblem(body: unknown): Partial<Problem> {
  return typeof body === "object" && body !== null ? (body as Partial<Problem>) : {};
}

/** For people; of a fault of the server also the id by which its log names the request. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { requestId } = error instanceof ApiError && error.status >= 500 ? error.problem : {};
  return requestId === undefined ? error.message : `${error.message} Request ${requestId}.`;
}

/** Why the server cannot read a search; null: that is not what is wrong. */
export function searchErrorOf(error: unknown): string | null {
  return error instanceof ApiError ? error.field("q") : null;
}
