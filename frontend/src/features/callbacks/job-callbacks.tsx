import { useState } from "react";
import type { Job, KeptCallback } from "@/api/model";
import { ShowAll } from "@/components/load-more";
import { PartNotLoaded } from "@/components/not-loaded";
import { Panel } from "@/components/panel";
import { Rows } from "@/components/rows";
import { CallbackRow } from "./callback-row";
import styles from "./callbacks.module.css";
import { Decisions } from "./decisions";
import { isAcceptable } from "./words";

/** Anchor of the section; the notice above links to it. */
export const JOB_CALLBACKS = "other-callbacks";
const SHOWN_AT_ONCE = 5;

interface Props {
  job: Job;
  callbacks: readonly KeptCallback[];
}

/** Not loaded does not mean none: a late result may be among them. */
export function CallbacksUnknown({ why, onRetry }: { why: string; onRetry: () => void }) {
  return (
    <Panel title="Other callbacks">
      <PartNotLoaded what="The job's other callbacks" why={why} onRetry={onRetry} />
    </Panel>
  );
}

/** The job's callbacks that were not applied; renders nothing if there are none. */
export function JobCallbacks({ job, callbacks }: Props) {
  const [all, setAll] = useState(false);
  if (callbacks.length === 0) return null;
  // What waits for a person comes first; what was rejected does not wait.
  const acceptable = callbacks.filter((one) => one.verdict !== "rejected" && isAcceptable(one, job));
  const rest = callbacks.filter((one) => !acceptable.includes(one));
  const shown = all ? rest : rest.slice(0, SHOWN_AT_ONCE);
  return (
    <div id={JOB_CALLBACKS} className={styles["anchor"]} tabIndex={-1}>
      <Panel
        title="Other callbacks"
        flush
        aside={<span className={styles["count"]}>{callbacks.length}</span>}
      >
        <Rows>
          {acceptable.map((callback) => (
            <CallbackRow key={callback.id} callback={callback} job={job} open={acceptable.length === 1}>
              <Decisions job={job} callback={callback} />
            </CallbackRow>
          ))}
          {shown.map((callback) => (
            <CallbackRow key={callback.id} callback={callback} job={job}>
              <Decisions job={job} callback={callback} />
            </CallbackRow>
          ))}
        </Rows>
        {shown.length < rest.length && <ShowAll count={callbacks.length} onShow={() => setAll(true)} />}
      </Panel>
    </div>
  );
}
