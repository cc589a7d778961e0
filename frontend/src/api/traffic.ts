/** What this tab has asked of the server so far, for the pace of what it asks next. */
export interface Traffic {
  readonly requests: number;
  readonly bytes: number;
}

let requests = 0;
let bytes = 0;

export function countRequest(): void {
  requests += 1;
}

/** Counts the answer's length as sent: the compressed one, of an answer that is compressed. */
export function countAnswer(response: Response): void {
  bytes += Number(response.headers.get("content-length")) || 0;
}

export function traffic(): Traffic {
  return { requests, bytes };
}
