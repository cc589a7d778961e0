import { IconAlertTriangle, IconHourglassEmpty, IconInfoCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import styles from "./result.module.css";
import type { ResultVerdict, ResultWarning } from "./types";
import { VisibleText } from "./visible-text";

const SHOWN = 50;

/** Errors and warnings about the result, shown above it. */
export function Findings({ verdict }: { verdict: ResultVerdict }) {
  return (
    <>
      <Wrong verdict={verdict} />
      {verdict.warnings.length > 0 && <Warnings warnings={verdict.warnings} />}
    </>
  );
}

function Wrong({ verdict }: { verdict: ResultVerdict }) {
  switch (verdict.kind) {
    case "malformed":
      return <Malformed verdict={verdict} />;
    case "schema_mismatch":
      return <Mismatch verdict={verdict} />;
    case "unchecked":
      return (
        <Finding icon={<IconHourglassEmpty size={18} aria-hidden />} testId="result-error">
          <strong>Not checked</strong>
          {verdict.note !== null && (
            <p>
              <VisibleText text={verdict.note} />
            </p>
          )}
        </Finding>
      );
    default:
      return null;
  }
}

function Malformed({ verdict: { error, repaired, note } }: { verdict: ResultVerdict }) {
  return (
    <Finding icon={<IconAlertTriangle size={18} aria-hidden />} testId="result-error">
      <strong>Malformed JSON</strong>
      {error !== null && (
        <>
          {" "}
          at line {error.line}, column {error.column}: <VisibleText text={error.message} />
        </>
      )}
      {repaired?.cut === true && (
        <p>
          <strong>Truncated</strong>: the text ends before the JSON is complete.
          {repaired.dropped !== null && (
            <>
              {" "}
              Not in the repair:{" "}
              <code className={styles["dropped"]}>
                <VisibleText text={repaired.dropped} />
              </code>
            </>
          )}
        </p>
      )}
      {repaired !== null && <p>A repair is offered below. It is not applied; the raw text is stored.</p>}
      {note !== null && (
        <p>
          <VisibleText text={note} />
        </p>
      )}
    </Finding>
  );
}

function Mismatch({ verdict: { schemaErrors, note } }: { verdict: ResultVerdict }) {
  return (
    <Finding icon={<IconAlertTriangle size={18} aria-hidden />} testId="result-error">
      <strong>Does not fit the result schema</strong>
      <ul className={styles["schemaErrors"]}>
        {schemaErrors.slice(0, SHOWN).map((one) => (
          <li key={`${one.path} ${one.message}`}>
            <Path path={one.path} /> <VisibleText text={one.message} />
          </li>
        ))}
        {schemaErrors.length > SHOWN && <li>… and {schemaErrors.length - SHOWN} more.</li>}
        {note !== null && (
          <li>
            <VisibleText text={note} />
          </li>
        )}
      </ul>
    </Finding>
  );
}

function Warnings({ warnings }: { warnings: readonly ResultWarning[] }) {
  return (
    <Finding icon={<IconInfoCircle size={18} aria-hidden />} testId="result-warnings">
      <strong>Valid JSON, but parsers may read it differently</strong>
      <ul className={styles["schemaErrors"]}>
        {warnings.map((one) => (
          <li key={`${one.code} ${one.line} ${one.column}`}>
            <Path path={one.path} /> at line {one.line}, column {one.column}:{" "}
            <VisibleText text={one.message} />
          </li>
        ))}
      </ul>
    </Finding>
  );
}

const PATH_SHOWN = 80;

/** A JSON Pointer. A long one is cut at the start, because its end says more. */
function Path({ path }: { path: string }) {
  if (path === "") return <code>(the whole result)</code>;
  const long = path.length > PATH_SHOWN;
  const end = path.slice(-PATH_SHOWN);
  return (
    <code title={long ? path : undefined}>
      <VisibleText text={long ? `…${end.slice(Math.max(0, end.indexOf("/")))}` : path} />
    </code>
  );
}

function Finding({ icon, testId, children }: { icon: ReactNode; testId: string; children: ReactNode }) {
  return (
    <div className={styles["finding"]} data-testid={testId}>
      {icon}
      <div>{children}</div>
    </div>
  );
}
