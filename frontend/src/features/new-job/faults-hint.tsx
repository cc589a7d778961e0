import styles from "./new-job.module.css";

/** What the built-in mock does wrong on request; the prompt names it. */
const FAULTS: readonly (readonly [string, string])[] = [
  ["malformed", "JSON with mistakes in it"],
  ["prose", "JSON wrapped in talk"],
  ["truncated", "JSON that stops in the middle"],
  ["lost", "the callback never comes"],
  ["duplicate", "the callback comes twice"],
  ["late", "the callback comes after its deadline"],
  ["early", "the callback comes before the dispatch has returned"],
  ["wrong_secret", "the callback carries a wrong secret"],
  ["error", "the processor reports a failure"],
  ["slow", "it takes its time"],
];

export function FaultsHint({ onPick }: { onPick: (word: string) => void }) {
  return (
    <details className={styles["faults"]}>
      <summary>Watch something go wrong</summary>
      <p>The mock misbehaves when the prompt asks it to. Add one:</p>
      <ul className={styles["faultList"]}>
        {FAULTS.map(([name, meaning]) => (
          <li key={name}>
            <button
              type="button"
              className={styles["fault"]}
              title={meaning}
              aria-label={`fault:${name}, ${meaning}`}
              onClick={() => onPick(`fault:${name}`)}
            >
              fault:{name}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
