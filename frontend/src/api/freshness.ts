/** Whether what the page shows could be refreshed when that was last tried. */
export interface Staleness {
  /** When refreshing first failed. */
  readonly since: number;
  readonly error: Error;
}

let staleness: Staleness | null = null;
const listeners = new Set<() => void>();

export function currentStaleness(): Staleness | null {
  return staleness;
}

export function onStaleness(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** null: all that is shown was refreshed. */
export function reportRefresh(error: Error | null): void {
  if (error === null && staleness === null) return;
  staleness = error === null ? null : { since: staleness?.since ?? Date.now(), error };
  for (const notify of listeners) notify();
}
