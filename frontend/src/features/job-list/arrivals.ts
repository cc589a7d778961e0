/**
 * While somebody reads further down, rows must not move under the mouse: jobs newer than the newest one they saw are
 * held back and only counted. Ids are ordered by time, so an id is enough to compare.
 */
export function holdBack<T extends { readonly id: string }>(
  jobs: readonly T[],
  newestSeen: string | null,
): { shown: readonly T[]; arrived: number } {
  if (newestSeen === null) return { shown: jobs, arrived: 0 };
  const shown = jobs.filter((job) => job.id <= newestSeen);
  return { shown, arrived: jobs.length - shown.length };
}
