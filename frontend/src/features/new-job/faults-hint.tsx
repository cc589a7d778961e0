import styles from "./new-job.module.css";

/** The faults of the built-in mock; a prompt names one. */
const FAULTS: readonly (readonly [string, string])[] = [
  ["malformed", "JSON with mistakes in it"],
  ["prose", "JSON surrounded by prose"],
  ["truncated", "truncated JSON"],
  ["lost", "the callback never comes"],
  ["duplicate", "the callback comes twice"],
  ["late", "the callback comes after its timeout"],
  ["early", "the callback comes before the hand-over returns"],
  ["wrong_secret", "the callback carries a wrong secret"],
  ["error", "the processor reports a failure"],
  ["slow", "processing takes three times as long"],
];

export function FaultsHint({ onPick }: { onPick: (word: string) => void }) {
  return (
    <details className={styles["faults"]}>
      <summary>Inject a fault</summary>
      <p>The mock fails on purpose if the prompt names a fault. Add a fault to the prompt:</p>
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
