import { UnreachableError } from "./errors";

/** A server that accepts a connection and does not begin to answer counts as down after this. */
export const BEGINS_WITHIN_MS = 15_000;
/** And one that has begun, after this time without another byte. The whole of a big answer may take longer. */
export const IDLE_MS = 15_000;

/** An answer begins when the request has been sent: a file of 64 MiB, as slowly as the server allows. */
export const UPLOAD_WITHIN_MS = 300_000;

/** Answers that never have a body (Fetch standard, "null body status"). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Sends one request, and waits as long as something comes. `onLost`: the answer ended before its end. `within`: the
 * milliseconds until it must begin.
 */
export async function patiently(
  request: Request,
  onLost: () => void,
  within = BEGINS_WITHIN_MS,
): Promise<Response> {
  const silent = new AbortController();
  const silence = () =>
    silent.abort(new DOMException("The server sent nothing for too long.", "TimeoutError"));
  const signal = AbortSignal.any([request.signal, silent.signal]);
  const timer = setTimeout(silence, within);
  let response: Response;
  try {
    response = await fetch(new Request(request, { signal }));
  } finally {
    clearTimeout(timer);
  }
  // Chromium gives answers that may have no body (204) an empty one, which no other answer may be made of.
  if (response.body === null || WITHOUT_BODY.has(response.status)) return response;
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const idle = setTimeout(silence, IDLE_MS);
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        // Aborted by the page itself: says nothing about the server.
        if (!request.signal.aborted) onLost();
        controller.error(request.signal.aborted ? error : new UnreachableError(error));
      } finally {
        clearTimeout(idle);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}
