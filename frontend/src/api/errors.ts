import type { components } from "./schema";

export type Problem = components["schemas"]["Problem"];

/** The server answered, and said no. `message` is made of its own words. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly problem: Partial<Problem>;

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail || problem.error || problem.title || `The server answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }

  /** The server's word on one field of the request, if it had any. */
  field(name: string): string | null {
    return this.problem.errors?.find((error) => error.field === name)?.message ?? null;
  }
}

/** No answer came: the server is gone, or something between us and it. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";

  constructor(cause: unknown) {
    super("The server cannot be reached.", { cause });
  }
}

export function toProblem(body: unknown): Partial<Problem> {
  return typeof body === "object" && body !== null ? (body as Partial<Problem>) : {};
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
