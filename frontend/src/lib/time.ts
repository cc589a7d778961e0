/** Formats times. All take milliseconds; nothing here reads a clock. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "340 ms", "5.0 s", "2 min 5 s", "3 h 12 min", "2 d 4 h". */
export function formatDuration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < HOUR) return pair(ms, MINUTE, "min", SECOND, "s");
  if (ms < DAY) return pair(ms, HOUR, "h", MINUTE, "min");
  return pair(ms, DAY, "d", HOUR, "h");
}

/** Coarser, for what ticks: "now", "12 s", "4 min", "3 h", "2 d". */
export function formatCoarse(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

export function formatAge(then: number, now: number): string {
  const ms = now - then;
  if (ms < 0) return `in ${formatCoarse(-ms)}`;
  return ms < 2 * SECOND ? "just now" : `${formatCoarse(ms)} ago`;
}

/** The time left, rounded up, so that "1 s" is never shown as "0 s"; null if it has passed. */
export function formatCountdown(until: number, now: number): string | null {
  const ms = until - now;
  if (ms <= 0) return null;
  const rounded = Math.ceil(ms / SECOND) * SECOND;
  if (rounded < MINUTE) return `${rounded / SECOND} s`;
  if (rounded < HOUR) return pair(rounded, MINUTE, "min", SECOND, "s");
  if (rounded < DAY) return pair(rounded, HOUR, "h", MINUTE, "min");
  return pair(rounded, DAY, "d", HOUR, "h");
}

const exact = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "long",
});

/** The exact time in the reader's time zone, and in UTC with milliseconds to compare with a log. */
export function formatExact(ms: number): string {
  if (!isDate(ms)) return "unknown time";
  return `${exact.format(ms)} (${new Date(ms).toISOString()})`;
}

const hourAndMinute = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

/** "21:40", in the reader's time zone. */
export function formatTimeOfDay(ms: number): string {
  return hourAndMinute.format(ms);
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});

export function formatClock(ms: number): string {
  return isDate(ms) ? clock.format(ms) : "unknown time";
}

export function toIso(ms: number): string | undefined {
  return isDate(ms) ? new Date(ms).toISOString() : undefined;
}

function isDate(ms: number): boolean {
  return !Number.isNaN(new Date(ms).getTime());
}

function pair(ms: number, big: number, bigUnit: string, small: number, smallUnit: string): string {
  const smalls = Math.round(ms / small);
  const ratio = Math.round(big / small);
  const rest = smalls % ratio;
  const head = `${Math.floor(smalls / ratio)} ${bigUnit}`;
  return rest === 0 ? head : `${head} ${rest} ${smallUnit}`;
}
