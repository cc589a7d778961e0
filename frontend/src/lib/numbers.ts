const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export function number(value: number): string {
  return value.toLocaleString("en");
}

/** "12K", for axes and sums. */
export function short(value: number): string {
  return compact.format(value);
}

/** "97.5 %"; 100 % only if nothing failed, 0 % only if everything did. */
export function percent(share: number): string {
  if (share === 0 || share === 1) return `${share * 100} %`;
  const tenths = Math.min(999, Math.max(1, Math.round(share * 1_000)));
  return `${(tenths / 10).toFixed(1)} %`;
}

/** Of the jobs that ended by themselves, the share that completed; null: none did. */
export function successOf({
  completed,
  failed,
}: {
  readonly completed: number;
  readonly failed: number;
}): number | null {
  return completed + failed === 0 ? null : completed / (completed + failed);
}

/** Jobs a minute: "12", "0.25". */
export function rate(perMinute: number): string {
  return perMinute >= 10
    ? number(Math.round(perMinute))
    : perMinute.toLocaleString("en", { maximumSignificantDigits: 2 });
}

/** In the unit in which it is a number to imagine: "5.5 a minute", "4 an hour". */
export function pace(perMinute: number): string {
  return perMinute > 0 && perMinute < 1 ? `${rate(perMinute * 60)} an hour` : `${rate(perMinute)} a minute`;
}
