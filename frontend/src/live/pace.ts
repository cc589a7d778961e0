import type { Traffic } from "@/api/traffic";

const AT_MOST_EVERY_MS = 300;
/** 2.5 requests and 40 KiB a second, of the 3 and 50 that a tab may ask for: some are asked for besides. */
const MS_PER_REQUEST = 400;
const BYTES_PER_MS = 40 * 1.024;

/** How long to wait before the next refetch, so that a busy server gets no more requests for it. */
export function restAfter(before: Traffic, after: Traffic): number {
  return Math.max(
    AT_MOST_EVERY_MS,
    (after.requests - before.requests) * MS_PER_REQUEST,
    (after.bytes - before.bytes) / BYTES_PER_MS,
  );
}
