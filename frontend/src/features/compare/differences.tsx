import { stringifyExact } from "@/api/exact-json";
import type { Comparison } from "@/api/model";
import { Panel } from "@/components/panel";
import { VisibleText } from "@/components/result/visible-text";
import styles from "./compare.module.css";

type Difference = Comparison["differences"][number];

const SHOWN = 200;

/** The places where two JSON results differ; nothing to list unless both are JSON. */
export function Differences({ differences }: { differences: readonly Difference[] }) {
  if (differences.length === 0) {
    return (
      <p className={styles["note"]}>
        No differences to list: the results are not both JSON, or differ only in formatting.
      </p>
    );
  }
  return (
    <Panel title={`Differences (${differences.length.toLocaleString("en")})`} flush>
      <div role="group" className={styles["scroll"]} tabIndex={0} aria-label="Differences">
        <table className={styles["differences"]}>
          <thead>
            <tr>
              <th scope="col">Where</th>
              <th scope="col">Original</th>
              <th scope="col">Replay</th>
            </tr>
          </thead>
          <tbody>
            {differences.slice(0, SHOWN).map((difference) => (
              <tr key={difference.path}>
                <th scope="row">
                  <code>
                    <VisibleText text={difference.path === "" ? "(the whole result)" : difference.path} />
                  </code>
                </th>
                <td>
                  <Value of={difference} side="left" />
                </td>
                <td>
                  <Value of={difference} side="right" />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {differences.length > SHOWN && <p className={styles["none"]}>Only the first {SHOWN} are listed.</p>}
    </Panel>
  );
}

function Value({ of, side }: { of: Difference; side: "left" | "right" }) {
  // An absent value and null are not the same.
  if (!Object.hasOwn(of, side) || of[side] === undefined)
    return <span className={styles["absent"]}>absent</span>;
  return (
    <code>
      <VisibleText text={stringifyExact(of[side]) ?? "null"} />
    </code>
  );
}
