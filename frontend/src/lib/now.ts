import { useSyncExternalStore } from "react";

/**
 * One clock for everything that ticks on the page: once a second, and only while something that ticks is shown.
 *
 * It follows the server's time: with a clock skew of two minutes every new job would be shown as two minutes old.
 */
let skew = 0;
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

// The Date header has whole seconds, and an answer takes time: smaller differences are not a skew.
const TOLERATED_SKEW_MS = 2500;

export function learnServerTime(dateHeader: string | null, clientNow = Date.now()): void {
  const server = dateHeader === null ? Number.NaN : Date.parse(dateHeader);
  if (Number.isNaN(server)) return;
  const measured = server - clientNow;
  skew = Math.abs(measured) > TOLERATED_SKEW_MS ? measured : 0;
}

export function currentTime(): number {
  return Date.now() + skew;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    now = currentTime();
    timer = setInterval(() => {
      now = currentTime();
      for (const notify of listeners) notify();
    }, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

export function useNow(): number {
  return useSyncExternalStore(subscribe, () => (timer === undefined ? snapshotBeforeTicking() : now));
}

// Before the first subscription nothing updates `now`; within one render it must not change either.
function snapshotBeforeTicking(): number {
  const fresh = currentTime();
  if (fresh - now > 1000 || fresh < now) now = fresh;
  return now;
}
