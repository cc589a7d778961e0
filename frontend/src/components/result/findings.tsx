import { IconAlertTriangle } from "@tabler/icons-react";
import styles from "./result.module.css";
import type { ResultVerdict } from "./types";
import { VisibleText } from "./visible-text";

const SHOWN = 50;

/** What is wrong with the result, above it and in words. */
export function Findings({ verdict }: { verdict: ResultVerdict }) {
  const { kind, error, repaired, schemaErrors } = verdict;
  if (kind === "malformed") {
    return (
      <div className={styles["finding"]} data-testid="result-error">
        <IconAlertTriangle size={18} aria-hidden />
        <div>
          <strong>Malformed JSON</strong>
          {error !== null && (
            <>
              {" "}
              at line {error.line}, column {error.column}: <VisibleText text={error.message} />
            </>
          )}
          {repaired !== null && (
            <p>A repair is offered below. It is not applied: what is stored is the raw text.</p>
          )}
        </div>
      </div>
    );
  }
  if (kind !== "schema_mismatch") return null;
  return (
    <div className={styles["finding"]} data-testid="result-error">
      <IconAlertTriangle size={18} aria-hidden />
      <div>
        <strong>Not of the shape that was asked for</strong>
        <ul className={styles["schemaErrors"]}>
          {schemaErrors.slice(0, SHOWN).map((one) => (
            <li key={`${one.path} ${one.message}`}>
              <code>{one.path === "" ? "(the whole result)" : one.path}</code>{" "}
              <VisibleText text={one.message} />
            </li>
          ))}
          {schemaErrors.length > SHOWN && <li>… and {schemaErrors.length - SHOWN} more.</li>}
        </ul>
      </div>
    </div>
  );
}
