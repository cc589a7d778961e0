import { useNow } from "@/lib/now";
import { formatAge, formatCountdown, formatDuration, formatExact, toIso } from "@/lib/time";

/** "3 min ago", ticking; the exact time on hover and on focus. In a row of a list it is shown when the row has the focus. */
export function Age({ at, inRow = false }: { at: number; inRow?: boolean }) {
  const now = useNow();
  return (
    <time
      dateTime={toIso(at)}
      title={formatExact(at)}
      data-exact={formatExact(at)}
      // Without a pointer, the focus is the only way to the exact time.
      tabIndex={inRow ? undefined : 0}
      className="numbers"
    >
      {formatAge(at, now)}
    </time>
  );
}

/** The time from `from` to `to`, or to now while `to` is null. */
export function Elapsed({ from, to }: { from: number; to: number | null }) {
  return <span className="numbers">{to === null ? <Ticking from={from} /> : formatDuration(to - from)}</span>;
}

function Ticking({ from }: { from: number }) {
  const seconds = Math.max(0, Math.floor((useNow() - from) / 1000));
  return seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1000);
}

/** "in 4 min 10 s", ticking; "any moment now" afterwards. Not announced each second. */
export function Countdown({ until }: { until: number }) {
  const left = formatCountdown(until, useNow());
  return (
    <time dateTime={toIso(until)} title={formatExact(until)} className="numbers" aria-live="off">
      {left === null ? "any moment now" : `in ${left}`}
    </time>
  );
}
