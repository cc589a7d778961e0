import { useSyncExternalStore } from "react";

/** As many as one request asks about. */
const MOST = 100;

let watched: readonly string[] = [];
const listeners = new Set<() => void>();

/** Ids of the jobs whose end this tab tells of; another tab or a reload knows nothing of them. */
export function useWatchedEnds(): readonly string[] {
  return useSyncExternalStore(subscribe, () => watched);
}

export function watchEnd(id: string): void {
  change([...watched.filter((one) => one !== id), id].slice(-MOST));
}

export function unwatchEnds(ids: readonly string[]): void {
  if (watched.some((one) => ids.includes(one))) change(watched.filter((one) => !ids.includes(one)));
}

function change(ids: readonly string[]): void {
  watched = ids;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
