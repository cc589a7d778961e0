import createClient from "openapi-fetch";
import { learnServerTime } from "@/lib/now";
import { BASE_PATH } from "./base-path";
import { contactOf, reportContact } from "./contact";
import { ApiError, toProblem, UnreachableError } from "./errors";
import type { paths } from "./schema";
import { reportSignedOut } from "./signed-out";
import { countAnswer, countRequest } from "./traffic";

// A server that accepts a connection and never answers counts as down.
const ANSWER_WITHIN_MS = 15_000;

export const client = createClient<paths>({ baseUrl: location.origin + BASE_PATH, fetch: reach });

/** Sends one request, and reports whether the server could be reached. */
async function reach(request: Request): Promise<Response> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
  let response: Response;
  countRequest();
  try {
    response = await fetch(new Request(request, { signal }));
  } catch (error) {
    // Aborted by the page itself (another page was opened): says nothing about the server.
    if (request.signal.aborted) throw error;
    reportContact("down");
    throw new UnreachableError(error);
  }
  countAnswer(response);
  learnServerTime(response.headers.get("date"));
  const contact = contactOf(response);
  reportContact(contact);
  // A wrong key in the sign-in itself says nothing about a session.
  const signingIn = request.method === "POST" && new URL(request.url).pathname === `${BASE_PATH}/session`;
  if (response.status === 401 && !signingIn) reportSignedOut();
  if (contact === "down") throw new UnreachableError(new Error(`status ${response.status}`));
  return response;
}

interface Answer<T> {
  data?: T | undefined;
  error?: unknown;
  response: Response;
}

/** The body of a 2xx answer. Throws ApiError or UnreachableError otherwise. */
export async function bodyOf<T>(answer: Promise<Answer<T>>): Promise<T> {
  return (await answered(answer)).data;
}

/** Like `bodyOf`, with the response, for its headers. */
export async function answered<T>(answer: Promise<Answer<T>>): Promise<{ data: T; response: Response }> {
  const { data, error, response } = await readable(answer);
  if (!response.ok) throw new ApiError(response.status, toProblem(error));
  if (data === undefined) throw new ApiError(response.status, { detail: "The server's answer was empty." });
  return { data, response };
}

/** For answers without a body (204). */
export async function done(answer: Promise<Answer<unknown>>): Promise<void> {
  const { error, response } = await readable(answer);
  if (!response.ok) throw new ApiError(response.status, toProblem(error));
}

async function readable<T>(answer: Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    return await answer;
  } catch (error) {
    // An HTML page where JSON was expected: a proxy's, or another server's on this port.
    if (error instanceof SyntaxError) {
      throw new ApiError(200, { detail: "The answer is not JSON. Is another server on this port?" });
    }
    throw error;
  }
}
