import createClient from "openapi-fetch";
import { learnServerTime } from "@/lib/now";
import { accessTicket, isRefusal, reportRefusal, signedOut } from "./access";
import { BASE_PATH } from "./base-path";
import { contactOf, reportContact } from "./contact";
import { ApiError, SignedOutError, toProblem, UnreachableError } from "./errors";
import { BEGINS_WITHIN_MS, patiently, UPLOAD_WITHIN_MS } from "./patience";
import type { paths } from "./schema";
import { countAnswer, countRequest } from "./traffic";

/** What is answered to anybody, and the request that asks who one is. */
const WITHOUT_SIGN_IN = /^\/(health|session)(\/|$)/;

export const client = createClient<paths>({ baseUrl: location.origin + BASE_PATH, fetch: reach });

/** Sends one request, and reports whether the server could be reached. */
async function reach(request: Request): Promise<Response> {
  // Nobody is signed in: the answer would be the same refusal, and each would be written down.
  const path = new URL(request.url).pathname.slice(BASE_PATH.length);
  if (signedOut() && !WITHOUT_SIGN_IN.test(path)) throw new SignedOutError();
  const ticket = accessTicket();
  const within = path === "/batches" && request.method === "POST" ? UPLOAD_WITHIN_MS : BEGINS_WITHIN_MS;
  let response: Response;
  countRequest();
  try {
    response = await patiently(request, () => reportContact("down"), within);
  } catch (error) {
    // Aborted by the page itself (another page was opened): says nothing about the server.
    if (request.signal.aborted) throw error;
    reportContact("down");
    throw new UnreachableError(error);
  }
  countAnswer(response);
  learnServerTime(response.headers.get("date"));
  if (isRefusal(response)) reportRefusal(ticket);
  const contact = contactOf(response);
  reportContact(contact);
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
  if (!response.ok) throw failure(response, error);
  if (data === undefined) throw new ApiError(response.status, { detail: "The server's answer was empty." });
  return { data, response };
}

/** For answers without a body (204). */
export async function done(answer: Promise<Answer<unknown>>): Promise<void> {
  const { error, response } = await readable(answer);
  if (!response.ok) throw failure(response, error);
}

function failure(response: Response, body: unknown): Error {
  return isRefusal(response) ? new SignedOutError() : new ApiError(response.status, toProblem(body));
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
